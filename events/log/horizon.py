"""The horizon of a tenant's log: what lies before it was dropped, and is in archives only."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from events.log.epochs import EPOCHS, FIRST_EPOCH, LARGEST_POSITION, Cursor, Epochs
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant

MOST_DIGITS = 20


class EventArchived(Refusal):
    code = "event-archived"
    title = "Event archived"
    status = 410


class CursorExpired(EventArchived):
    code = "cursor-expired"
    title = "Events archived"


class CursorAhead(Refusal):
    code = "cursor-ahead"
    title = "Position after the end of the log"
    status = 410


class CursorOfAnotherEpoch(Refusal):
    code = "cursor-of-another-epoch"
    title = "Cursor from before a restore"
    status = 410


class CursorInvalid(Refusal):
    code = "cursor-invalid"
    title = "Malformed cursor"
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


def require_resumable(cursor: Cursor) -> int:
    """Return the position to read on from; let nobody read on over a gap, or in another log than the one that was read.

    :raises CursorOfAnotherEpoch: when the log was restored from a backup since, or is not the one it was given in.
    :raises CursorAhead: when the log does not reach to the position.
    :raises CursorExpired: when events after the position were dropped.
    """
    if cursor.is_beginning:
        return 0
    epochs, newest, dropped = _extent()
    if cursor.epoch != epochs.current:
        raise _of_another_epoch(cursor, epochs)
    after = cursor.position
    if after > newest:
        go_on = epochs.cursor(newest).shown
        message = f"the log ends at position {newest}, before {after}: go on with after={go_on}"
        raise CursorAhead(message, resume_after=go_on)
    if 0 < after < dropped:
        message = (
            f"the events after position {after} up to {dropped} are in archives only;"
            f" after={epochs.cursor(dropped).shown} goes on after them, after=0 begins with what is kept"
        )
        raise CursorExpired(message, dropped_up_to=dropped)
    return after


def _of_another_epoch(cursor: Cursor, epochs: Epochs) -> CursorOfAnotherEpoch:
    shared = epochs.still_true(cursor)
    go_on = epochs.cursor(shared).shown
    message = (
        f"this cursor is of epoch {cursor.epoch}, and the log is in epoch {epochs.current}: go on with after={go_on}"
    )
    if shared < cursor.position:
        message += f"; what was read after position {shared} of that epoch is not in this log"
    withdrawn = {"withdrawn_after": shared} if shared < cursor.position else {}
    return CursorOfAnotherEpoch(message, resume_after=go_on, epoch=epochs.current, **withdrawn)


def read_cursor(text: str) -> Cursor:
    """Read what a client sends back: a position, or an epoch and a position.

    :raises CursorInvalid: when it is neither.
    """
    epoch, dash, position = text.rpartition("-")
    if not (_is_number(position) and (_is_number(epoch) if dash else not epoch)):
        message = (
            f"a cursor is what a page or stream has given: a position from 0 to {LARGEST_POSITION}, from the second"
            f" epoch on EPOCH-POSITION, not {text[:40]!r}"
        )
        raise CursorInvalid(message)
    return Cursor(position=int(position), epoch=int(epoch) if dash else FIRST_EPOCH)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) <= LARGEST_POSITION


_EXTENT = f"""
SELECT {EPOCHS}, greatest(
    (SELECT max(position) FROM events_event WHERE tenant_id = %(tenant)s),
    (SELECT position FROM events_floor WHERE tenant_id = %(tenant)s),
    0
), coalesce((SELECT position FROM events_floor WHERE tenant_id = %(tenant)s), 0)
"""


def _extent() -> tuple[Epochs, int, int]:
    """Read the epochs, the newest position and the last one that was dropped, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_EXTENT, {"tenant": current_tenant()})
        epochs, newest, dropped = cursor.fetchone()
        return Epochs.read(epochs), newest, dropped


def require_kept(since: datetime) -> None:
    """:raises EventArchived: when events of this shop from that moment on were dropped."""
    begin = horizon()
    if begin and since < begin.moment:
        message = f"the events before {begin.moment:%Y-%m-%dT%H:%M:%SZ} are in archives only"
        raise EventArchived(message, kept_since=begin.moment.isoformat())
