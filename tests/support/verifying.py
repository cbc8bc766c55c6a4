"""The shop of a test is sound: `verify` finds nothing."""

from io import StringIO

from django.core.management import call_command


def require_sound(tenant: str = "north") -> None:
    """Fail with what `verify` names, when it names something: what holds is left out."""
    out = StringIO()
    try:
        call_command("verify", "--tenant", tenant, stdout=out)
    except SystemExit:
        named = "\n".join(line for line in out.getvalue().splitlines() if " ok " not in line)
        raise AssertionError(named) from None
