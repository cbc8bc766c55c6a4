"""The failures to sign in that are counted now, as a person names them: `ada@north`, `203.0.113.7`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from events.operations import audit
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import in_public_schema
from kernel.text import printable
from staff.sign_in import name_at
from web.client import network_of, valid_address


class NobodyNamed(Refusal):
    code = "nobody-named"
    title = "Neither a person nor an address"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Failures:
    """What is counted of one person at one shop, or of one address at all shops."""

    whom: str
    failures: int


def counted() -> Iterator[Failures]:
    """List persons, then addresses, each with the failures within the time that they are counted for."""
    with in_public_schema():
        recent = AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME)
        for column in ("username", "ip_address"):
            found = (
                recent.exclude(**{column: None}).values(whom=F(column)).annotate(failures=Sum("failures_since_start"))
            )
            yield from (
                Failures(whom=printable(row["whom"]), failures=row["failures"]) for row in found.order_by("whom")
            )


def forget(whom: str) -> int:
    """Forget the failures of a person or an address, so that they may try again at once; return how many.

    :param whom: `NAME@SHOP` in any case (`public` for the platform, `flower`), or an address: of IPv6, its /64 counts.
    :raises NobodyNamed: when it is neither.
    :raises NotFound: when no failures are counted.
    """
    wanted = _condition(whom)
    with in_public_schema(), transaction.atomic():
        attempts = AccessAttempt.objects.filter(**wanted)
        failures = attempts.aggregate(count=Sum("failures_since_start"))["count"]
        if failures is None:
            message = f"no failures of {whom!r} are counted: manage.py sign_in list"
            raise NotFound(message)
        attempts.delete()
        audit.record(action="sign-in unlocked", subject=whom, detail=f"{failures} failures")
    return int(failures)


def _condition(whom: str) -> dict[str, Any]:
    name, at, place = whom.rpartition("@")
    if at and name and place:
        return {"username": name_at(name, place)}
    address = valid_address(whom)
    if not address:
        message = f"{whom!r} is neither NAME@SHOP nor an address"
        raise NobodyNamed(message)
    return {"ip_address": network_of(address)}
