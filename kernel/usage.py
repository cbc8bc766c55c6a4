"""When a token or key was last used: noted coarsely, so that hardly any request writes."""

from datetime import datetime, timedelta

NOTED_EVERY = timedelta(minutes=5)


def is_stale(last_used_at: datetime | None, now: datetime) -> bool:
    """Say whether a use is worth noting. What was made a moment ago counts as used then."""
    return last_used_at is None or now - last_used_at > NOTED_EVERY
