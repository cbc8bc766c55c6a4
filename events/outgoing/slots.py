"""Slots: of the calls that workers make for one queue at the same time, one tenant's are at most half.

So a receiver that is slow holds up its own tenant's calls. A call that finds no slot stays due; whoever ends one of
the tenant's calls takes up what waits. The calls of a worker that died count until their leases are over.
"""

from collections.abc import Callable

from django.conf import settings
from django.db import connection

from kernel.tenancy import current_tenant


class SlotsTaken(Exception):
    """The tenant makes as many calls now as it may."""


def slots_of_one(queue: str) -> int:
    """Return how many calls of a queue one tenant makes at most at the same time: half of its slots, one at least."""
    slots: int = settings.OUTGOING_SLOTS[queue]
    return max(1, slots // 2)


def require_slot(queue: str, in_flight: Callable[[], int]) -> None:
    """Let the current transaction begin one more call of the tenant's; the tenant's others wait until it has ended.

    :param in_flight: counts the tenant's calls that are being made, in a statement after the one that has waited.
    :raises SlotsTaken: when the tenant's slots are in use.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 3))", [f"{queue} {current_tenant()}"])
    if in_flight() >= slots_of_one(queue):
        raise SlotsTaken
