"""Which events are in trouble: thrown from their ids, so that everyone throws the same."""

from hashlib import sha256
from uuid import UUID

KILLS_FOR_GOOD = 100
REFUSED_FOR_GOOD = 100
WAYS = ("exits", "exits once", "cancelled", "swallows", "closed cursor", "large index row", "slow statement", "dawdles")
"""How an event makes its handler misbehave."""
HARMLESS = ("", "exits once", "dawdles")


def dice(what: str, event_id: UUID, sides: int) -> int:
    """The same for the same event, whoever throws."""
    return int.from_bytes(sha256(f"{what}{event_id}".encode()).digest()[:4], "big") % sides


def kills_of(event_id: UUID) -> int:
    """Say how often an event kills its process: mostly never, sometimes once, rarely for good."""
    thrown = dice("kills", event_id, 200)
    return KILLS_FOR_GOOD if thrown == 0 else 1 if thrown < 6 else 0


def way_of(event_id: UUID) -> str:
    """Say how an event makes its handler misbehave: mostly not at all, which is the empty word."""
    thrown = dice("misbehaves", event_id, 160)
    return WAYS[thrown] if thrown < len(WAYS) else ""


def refusals_of(event_id: UUID) -> int:
    """Say how often an event is refused, dead at once each time, until somebody had it tried again often enough."""
    thrown = dice("refused", event_id, 12)
    return REFUSED_FOR_GOOD if thrown == 0 else thrown if thrown < 3 else 0


def may_be_dead(subscriber: str, event_id: UUID) -> bool:
    """Say whether a subscriber has a reason to give an event up."""
    return (
        (subscriber == "faults.killer" and kills_of(event_id) == KILLS_FOR_GOOD)
        or (subscriber == "faults.misbehaving" and way_of(event_id) not in HARMLESS)
        or (subscriber == "faults.picky" and refusals_of(event_id) > 0)
    )
