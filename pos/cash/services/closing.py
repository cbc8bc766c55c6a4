"""Shifts are closed: counted, compared with what is expected, and reported."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command, Need, Permission
from pos.cash import facts
from pos.cash.models import Shift
from pos.cash.queries import movements_of, register_codes, tender_names
from pos.cash.services.counts import CountInput, compared, expected_of
from pos.cash.services.grand_total import add_to_grand_total
from pos.cash.services.shifts import lock_open_shift
from pos.cash.services.totals import completed_totals
from pos.cash.sums import figures_of
from pos.events import ShiftClosed
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt
from pos.receipts.reports import Counted
from pos.receipts.services import issue_report
from pos.registers.models import Register
from staff.duty.permitting import permit

CLOSED = (
    "state", "closed_at", "closed_by", "approval_id", "closed_on", "closed_position", "note", "expected", "counted",
    "over_short", "receipt_id", "grand_total",
)  # fmt: skip
"""What closing writes. A column of a key among them would lock the row against orders, which hold the log's lock."""


def close_shift(
    *,
    shift_id: UUID,
    register: Register,
    counts: Sequence[CountInput],
    now: datetime,
    note: str = "",
    command: Command | None = None,
) -> Shift:
    """Close a shift with its Z report. Whatever was counted, the difference is noted, and closing does not fail for it.

    Orders go on meanwhile: one whose events are in the log already is in the Z, each later one in an amendment.

    :raises NotFound: when there is no such shift, or it is of another drawer.
    :raises ShiftNotOpen: when it was closed already.
    :raises CountInvalid: when the cash was not counted, or the count contradicts itself.
    """
    with unit_of_work():
        permitted = permit(command, Need(permission=Permission.CLOSE_SHIFT))
        shift = lock_open_shift(shift_id, register)
        profile, location, completed = current_profile(), register.location, completed_totals(shift)
        figures, movements, codes = figures_of(completed.totals), movements_of(shift), register_codes()
        compared_counts = compared(expected_of(shift, figures), counts)
        day = profile.day_of(now, timezone=location.timezone)
        before, after = add_to_grand_total(shift.drawer, figures.turnover)
        shift.closed_by, shift.approval_id = permitted.staff_id, permitted.approval_id
        receipt = issue_report(
            kind=Receipt.Kind.Z,
            drawer=shift.drawer,
            register=register,
            make=lambda taken: facts.report(
                kind=Receipt.Kind.Z,
                shift=shift,
                register=register,
                profile=profile,
                taken=taken,
                source_id=shift.id,
                moment=now,
                day=day,
                position=completed.position,
                float_amount=shift.float_amount,
                movements=facts.slips(movements, timezone=location.timezone),
                counts=compared_counts,
                denominations=[each for count in counts for each in count.denominations],
                grand_total_before=before,
                grand_total=after,
                note=note,
                **facts.shown(figures, codes, tender_names()),
            ),
            now=now,
        )
        shift.state, shift.closed_at, shift.closed_on, shift.note = Shift.State.CLOSED, now, register, note
        shift.closed_position, shift.receipt_id, shift.grand_total = completed.position, receipt.id, after
        shift.expected, shift.counted, shift.over_short = _noted(compared_counts)
        shift.save(update_fields=CLOSED)
        publish(
            ShiftClosed(
                shift_id=shift.id,
                drawer_id=shift.drawer_id,
                register_id=register.id,
                location_id=location.id,
                number=shift.number,
                currency=location.currency,
                business_date=day,
                time_zone=location.timezone,
                opened_at=shift.opened_at,
                opened_by=shift.opened_by,
                closed_at=now,
                closed_by=shift.closed_by,
                receipt_id=receipt.id,
                receipt_series=receipt.series,
                receipt_number=receipt.number,
                receipt=str(receipt),
                float_amount=shift.float_amount,
                **facts.announced(figures, codes),
                movements=facts.moved(movements),
                counts=facts.counted(compared_counts),
                grand_total_before=before,
                grand_total=after,
                position=completed.position,
            ),
            occurred_at=now,
        )
    return shift


def _noted(counts: Sequence[Counted]) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Return what was expected, what was counted and the differences, by tender type."""
    return (
        {each.type: each.expected for each in counts},
        {each.type: each.counted for each in counts if each.counted is not None},
        {each.type: each.over_short for each in counts if each.over_short is not None},
    )
