"""The horizon of a tenant's log: what lies before it was dropped, and is in archives only."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kernel.refusals import Refusal
from kernel.tenancy import current_tenant

LARGEST_POSITION = 2**63 - 1


class EventArchived(Refusal):
    code = "event-archived"
    title = "What is so old is in archives only"
    status = 410


class CursorExpired(EventArchived):
    code = "cursor-expired"
    title = "The events after this position are in archives only"


class CursorAhead(Refusal):
    code = "cursor-ahead"
    title = "The log has no such position yet"
    status = 410


class CursorInvalid(Refusal):
    code = "cursor-invalid"
    title = "This is not a cursor"
    status = 400


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """:param position: of the last event that was dropped. :param moment: when the oldest month that is kept began."""

    position: int
    moment: datetime


_HORIZON = """
SELECT floor.position, (
    SELECT (to_date(right(max(partition), 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC'
    FROM events_archive WHERE dropped_at IS NOT NULL AND partition LIKE 'events_event_20%%'
)
FROM events_floor AS floor WHERE floor.tenant_id = %s
"""


def horizon() -> Horizon | None:
    """Find where the tenant's log begins; None when nothing of it was dropped."""
    with connection.cursor() as cursor:
        cursor.execute(_HORIZON, [current_tenant()])
        row = cursor.fetchone()
        return Horizon(position=row[0], moment=row[1]) if row else None


def require_resumable(after: int) -> None:
    """Let nobody read on over a gap; 0 stands for the beginning of what is kept.

    :raises CursorExpired: when events after the position were dropped.
    :raises CursorAhead: when the log does not reach to the position: it was restored from a backup.
    """
    newest = _head() if after else 0
    if after > newest:
        message = f"the log ends at position {newest}, before {after}: go on with after={newest}"
        raise CursorAhead(message, resume_after=newest)
    begin = horizon() if after else None
    if begin and after < begin.position:
        message = (
            f"the events after position {after} up to {begin.position} are in archives only;"
            f" after={begin.position} goes on behind them, after=0 begins with what is kept"
        )
        raise CursorExpired(message, dropped_up_to=begin.position)


def read_cursor(text: str) -> int:
    """Read a position that a client sends back.

    :raises CursorInvalid: when it is not a whole number that a log could reach.
    """
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > LARGEST_POSITION:
        message = f"a cursor is a position from 0 to {LARGEST_POSITION}, not {text[:40]!r}"
        raise CursorInvalid(message)
    return int(text)


def _head() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest((SELECT max(position) FROM events_event WHERE tenant_id = %(tenant)s),"
            " (SELECT position FROM events_floor WHERE tenant_id = %(tenant)s), 0)",
            {"tenant": current_tenant()},
        )
        position: int = cursor.fetchone()[0]
        return position


def require_kept(since: datetime) -> None:
    """:raises EventArchived: when events of this shop from that moment on were dropped."""
    begin = horizon()
    if begin and since < begin.moment:
        message = f"what happened before {begin.moment:%Y-%m-%dT%H:%M:%SZ} is in archives only"
        raise EventArchived(message, kept_since=begin.moment.isoformat())
