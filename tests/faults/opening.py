"""`python -m tests.faults.opening SHOP…`: create tenants with a terminal and two keys; print those as JSON.

A separate process, as a command would be, and one for all of it: most of a command's time is the start of Django.
"""

import json
import sys
import time
from io import StringIO

import django
from django.core.management import CommandError, call_command

OPERATOR, INTEGRATOR = "operator", "faults"
PATIENCE_SECONDS = 60


def opened(shop: str) -> dict[str, str]:
    """Return the token of a new shop's terminal, and the keys of its operators and of its integrator."""
    return {
        "terminal": _paired(shop),
        OPERATOR: _command("apikey", "issue", OPERATOR, "--tenant", shop),
        INTEGRATOR: _command("apikey", "issue", INTEGRATOR, "--tenant", shop),
    }


def _paired(shop: str) -> str:
    """Pair a terminal as soon as subscribers have furnished the shop with a register."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return _command("device", "pair", "--tenant", shop).splitlines()[-1]
        except CommandError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _command(*arguments: str) -> str:
    said = StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue().strip()


if __name__ == "__main__":
    django.setup()
    for shop in sys.argv[1:]:
        _command("tenant", "create", shop)
    sys.stdout.write(json.dumps({shop: opened(shop) for shop in sys.argv[1:]}))
