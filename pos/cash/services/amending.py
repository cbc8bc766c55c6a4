"""What is recorded for a shift that was closed: amendments of its Z report."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils import timezone

from events.log.causes import caused_by
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from pos.cash import facts
from pos.cash.models import Shift, ShiftAmendment
from pos.cash.queries import register_codes
from pos.cash.services.grand_total import add_to_grand_total
from pos.cash.sums import figures_of
from pos.cash.totals import Heard, Totals
from pos.events import RefundRefused, RefundReplaced, ReturnCompleted, ShiftAmended
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt
from pos.receipts.services import issue_report


def amend(late: Sequence[tuple[Heard, Totals]]) -> None:
    """Amend closed shifts by what was told of them afterwards; what amended them already does not again.

    :param late: events, each with what it adds to closed shifts.
    """
    wanted = [
        (shift_id, heard, {key: sums for key, sums in totals.items() if key.shift_id == shift_id})
        for heard, totals in late
        for shift_id in sorted({key.shift_id for key in totals})
    ]
    shift_ids = {shift_id for shift_id, _, _ in wanted}
    known = set(ShiftAmendment.objects.filter(shift__in=shift_ids).values_list("shift_id", "event_id"))
    fresh = [each for each in wanted if (each[0], each[1].event_id) not in known]
    if not fresh:
        return
    shifts = Shift.objects.select_related("drawer__location", "closed_on").in_bulk(list(shift_ids))
    codes = register_codes()
    for shift_id, heard, totals in fresh:
        with caused_by(heard.cause):
            _amend(shifts[shift_id], heard, totals, codes)


def _amend(shift: Shift, heard: Heard, totals: Totals, codes: Mapping[UUID, str]) -> None:
    register, profile, now = shift.closed_on, current_profile(), timezone.now()
    assert register is not None
    assert shift.receipt_id is not None
    location, event, figures = shift.drawer.location, heard.event, figures_of(totals)
    day = profile.day_of(now, timezone=location.timezone)
    return_id = event.return_id if isinstance(event, ReturnCompleted | RefundReplaced | RefundRefused) else None
    document = return_id or event.order_id
    assert document is not None
    amends = str(Receipt.objects.get(id=shift.receipt_id))
    with unit_of_work():
        before, after = add_to_grand_total(shift.drawer, figures.turnover)
        amendment = ShiftAmendment(
            id=new_id(),
            shift=shift,
            number=shift.amendments.count() + 1,
            event_id=heard.event_id,
            position=heard.position,
            grand_total=after,
            recorded_at=now,
        )
        receipt = issue_report(
            kind=Receipt.Kind.CORRECTION,
            drawer=shift.drawer,
            register=register,
            make=lambda taken: facts.report(
                kind=Receipt.Kind.CORRECTION,
                shift=shift,
                register=register,
                profile=profile,
                taken=taken,
                source_id=amendment.id,
                moment=now,
                day=day,
                position=heard.position,
                grand_total_before=before,
                grand_total=after,
                of_receipt=amends,
                reason="REFUSED" if isinstance(event, RefundRefused) else "LATE",
                documents=[document],
                **facts.shown(figures, codes, {}),
            ),
            now=now,
        )
        amendment.receipt_id = receipt.id
        amendment.save(force_insert=True)
        publish(
            ShiftAmended(
                amendment_id=amendment.id,
                shift_id=shift.id,
                drawer_id=shift.drawer_id,
                location_id=location.id,
                number=amendment.number,
                amends=amends,
                order_ids=[] if return_id else [document],
                return_ids=[document] if return_id else [],
                cause_event_id=heard.event_id,
                currency=location.currency,
                business_date=day,
                time_zone=location.timezone,
                receipt_id=receipt.id,
                receipt_series=receipt.series,
                receipt_number=receipt.number,
                receipt=str(receipt),
                **facts.announced(figures, codes),
                grand_total_before=before,
                grand_total=after,
                recorded_at=now,
            )
        )
