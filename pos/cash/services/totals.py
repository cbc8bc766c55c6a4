"""The totals of shifts: kept by a subscriber, and completed by whoever needs them now."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import msgspec

from events.event import type_of_class
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.queries import unseen
from pos.cash.models import Shift, ShiftTotal
from pos.cash.services.amending import amend
from pos.cash.totals import ADDED, TYPES, Heard, Key, Places, Sums, Totals, add_all, returns_without_shift, sums_of

SUBSCRIBER = "pos.sum_shifts"
"""Who keeps the totals."""
_COLUMNS = f"shift_id, register_id, late, subject, key, first_number, last_number, position, {', '.join(ADDED)}"
_ADD = f"""
INSERT INTO pos_shifttotal ({_COLUMNS}) SELECT {_COLUMNS}
FROM json_to_recordset(%(rows)s::json) AS new (
    shift_id uuid, register_id uuid, late boolean, subject text, key text, first_number bigint, last_number bigint,
    position bigint, {", ".join(f"{name} bigint" for name in ADDED)}
)
ON CONFLICT (shift_id, register_id, late, subject, key) DO UPDATE SET
    first_number = least(pos_shifttotal.first_number, excluded.first_number),
    last_number = greatest(pos_shifttotal.last_number, excluded.last_number),
    position = greatest(pos_shifttotal.position, excluded.position),
    {", ".join(f"{name} = pos_shifttotal.{name} + excluded.{name}" for name in ADDED)}
"""


@dataclass(frozen=True, kw_only=True)
class Completed:
    """:param position: of the log: everything of the shift up to it is in the totals."""

    totals: Totals
    position: int


def add_to_totals(heard: Sequence[Heard], places: Places) -> None:
    """Add what events tell to the totals of their shifts; what is told of a closed one amends it.

    A shift is not closed while this works on it, and the other way round.

    :param places: the shifts of returns whose events name none.
    """
    told = [(each, sums_of(each.event, places)) for each in heard]
    with unit_of_work() as unit:
        closed = _held({key.shift_id for _, totals in told for key in totals})
        sums: dict[tuple[Key, bool], Sums] = {}
        newest: dict[tuple[Key, bool], int] = {}
        late: list[tuple[Heard, Totals]] = []
        for each, totals in told:
            after = {
                key: more for key, more in totals.items() if each.position > closed.get(key.shift_id, each.position)
            }
            for key, more in totals.items():
                sums.setdefault((key, key in after), Sums()).add(more)
                newest[key, key in after] = each.position
            if after:
                late.append((each, after))
        if sums:
            unit.execute_later(_ADD, {"rows": _rows(sums, newest)})
        if late:
            amend(late)


def completed_totals(shift: Shift) -> Completed:
    """Return the totals of a shift whose row is locked, with what the subscriber has not added to them yet.

    The lock keeps the subscriber from adding more to this shift meanwhile.
    """
    totals: Totals = {
        Key(row.shift_id, row.register_id, row.subject, row.key): _sums(row)
        for row in ShiftTotal.objects.filter(shift_id=shift.id, late=False)
    }
    missing = unseen(
        subscriber=SUBSCRIBER,
        types=[type_of_class(cls).name for cls in TYPES],
        mentioned=str(shift.id),
        lacking="shift_id",
    )
    told = [delivery.event for delivery in missing.deliveries]
    unnamed = returns_without_shift(told)
    places = dict.fromkeys(shift.return_set.filter(id__in=unnamed).values_list("id", flat=True), shift.id)
    others = set(unnamed) - places.keys()
    for event in told:
        if getattr(event, "return_id", None) not in others:
            add_all(totals, _of(shift.id, sums_of(event, places).items()))
    return Completed(totals=totals, position=missing.head)


def late_totals(shift: Shift) -> Totals:
    """Return what came after a shift was closed, as far as it was added."""
    return {
        Key(row.shift_id, row.register_id, row.subject, row.key): _sums(row)
        for row in ShiftTotal.objects.filter(shift_id=shift.id, late=True)
    }


def _held(shift_ids: set[UUID]) -> dict[UUID, int]:
    """Keep shifts from being closed; return the positions up to which the Z reports of closed ones go."""
    shifts = Shift.objects.raw(
        "SELECT id, closed_position FROM pos_shift WHERE id = ANY(%s) ORDER BY id FOR SHARE", [list(shift_ids)]
    )
    return {shift.id: shift.closed_position for shift in shifts if shift.closed_position is not None}


def _of(shift_id: UUID, sums: Iterable[tuple[Key, Sums]]) -> Iterable[tuple[Key, Sums]]:
    return [(key, each) for key, each in sums if key.shift_id == shift_id]


def _sums(row: ShiftTotal) -> Sums:
    return Sums(
        first_number=row.first_number, last_number=row.last_number, **{name: getattr(row, name) for name in ADDED}
    )


def _rows(sums: dict[tuple[Key, bool], Sums], newest: dict[tuple[Key, bool], int]) -> str:
    rows = [
        {
            "shift_id": key.shift_id,
            "register_id": key.register_id,
            "late": late,
            "subject": key.subject,
            "key": key.of,
            "position": newest[key, late],
            **asdict(each),
        }
        for (key, late), each in sums.items()
    ]
    return msgspec.json.encode(rows).decode()
