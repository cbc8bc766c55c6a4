"""What can be asked of exceptions, and of what a device has sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection  # noqa: TID251 - holes between rows
from django.db.models import QuerySet

from kernel.refusals import NotFound
from pos.exceptions.models import ExceptionCase, HeldCommand

MOST_HOLES = 100


@dataclass(frozen=True, kw_only=True)
class Hole:
    """Sequence numbers of a device that have not arrived: both ends are missing."""

    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What a device has sent. :param last: its highest number; 0 before the first. :param missing: how many.

    :param holes: where they are, the lowest first; at most `MOST_HOLES` of them.
    """

    last: int
    missing: int
    holes: Sequence[Hole]


# What is held, or was rejected, has arrived. A number that is used twice is taken by one order alone.
_HOLES = """
WITH arrived AS (
    SELECT device_sequence AS n FROM pos_order WHERE device_id = %(device)s AND device_sequence IS NOT NULL
    UNION SELECT device_sequence FROM pos_heldcommand WHERE device_id = %(device)s AND device_sequence IS NOT NULL
), steps AS (SELECT n, coalesce(lag(n) OVER (ORDER BY n), 0) AS before FROM arrived)
SELECT before + 1, n - 1, (SELECT max(n) FROM arrived), sum(n - before - 1) OVER ()
FROM steps WHERE n > before + 1 ORDER BY n LIMIT %(most)s
"""


def sequence_of(device_id: UUID) -> Arrived:
    """Say which sequence numbers of a device have arrived, and which are missing below the highest."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLES, {"device": device_id, "most": MOST_HOLES})
        rows = cursor.fetchall()
        if not rows:
            cursor.execute(
                "SELECT greatest((SELECT max(device_sequence) FROM pos_order WHERE device_id = %(device)s),"
                " (SELECT max(device_sequence) FROM pos_heldcommand WHERE device_id = %(device)s))",
                {"device": device_id},
            )
            return Arrived(last=cursor.fetchone()[0] or 0, missing=0, holes=[])
    holes = [Hole(first=first, last=last) for first, last, _, _ in rows]
    return Arrived(last=rows[0][2], missing=int(rows[0][3]), holes=holes)


def exceptions_matching(
    *, resolved: bool | None = None, kind: str = "", severity: str = "", order_id: UUID | None = None
) -> QuerySet[ExceptionCase]:
    found = ExceptionCase.objects.all()
    if resolved is not None:
        found = found.filter(resolved_at__isnull=not resolved)
    if kind:
        found = found.filter(kind=kind)
    if severity:
        found = found.filter(severity=severity)
    return found.filter(command_id=order_id) if order_id else found


def held_commands(*, state: str = "", device_id: UUID | None = None) -> QuerySet[HeldCommand]:
    found = HeldCommand.objects.select_related("device", "register")
    if state:
        found = found.filter(state=state)
    return found.filter(device_id=device_id) if device_id else found


def find_held(command_id: UUID) -> HeldCommand | None:
    return HeldCommand.objects.filter(id=command_id).first()


def lock_held(command_id: UUID) -> HeldCommand:
    """:raises NotFound: when no such command was held."""
    locked = HeldCommand.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "device__register", "register__location"
    )
    held = locked.filter(id=command_id).first()
    if held is None:
        message = f"no command {command_id} was held"
        raise NotFound(message)
    return held
