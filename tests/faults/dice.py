"""Which events are in trouble: thrown from their ids, so that everyone throws the same."""

from hashlib import sha256
from uuid import UUID

KILLS_FOR_GOOD = 100


def dice(what: str, event_id: UUID, sides: int) -> int:
    """The same for the same event, whoever throws."""
    return int.from_bytes(sha256(f"{what}{event_id}".encode()).digest()[:4], "big") % sides


def kills_of(event_id: UUID) -> int:
    """Say how often an event kills its process: mostly never, sometimes once, rarely for good."""
    thrown = dice("kills", event_id, 200)
    return KILLS_FOR_GOOD if thrown == 0 else 1 if thrown < 6 else 0
