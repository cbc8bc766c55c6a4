"""How a sale arrives: whether it is paid, when it really happened, and to which shift it belongs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kernel.moments import CLOCK_TOLERANCE, EARLIEST, MomentInvalid, past_moment
from kernel.refusals import Refusal
from pos.cash.models import Shift, TenderType
from pos.cash.queries import closed_shift_at, find_open_shift, newest_closed_shift, shift_of_till, tender_types
from pos.cash.services import Till, open_shift_of, till_in
from pos.exceptions.findings import Findings
from pos.exceptions.models import ExceptionCase
from pos.orders.models import Order
from pos.orders.tenders import TenderInput
from pos.profile.models import ShopProfile
from pos.registers.models import Device, Register

Kind = ExceptionCase.Kind


class MomentRefused(Refusal):
    """The order is dated to when it cannot have happened."""

    code = "validation-failed"
    title = "Validation failed"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """How an order came.

    :param reported: when it happened, by the device's clock. :param arrived_at: when it came, by ours.
    :param reused_sequence: a sequence number that another order of the device has.
    :param clock_offset: how far the device's clock was ahead when it sent the order; None where it did not say.
    :param shift_id: of the shift that the till sold it in; None where it did not say.
    """

    reported: datetime
    arrived_at: datetime
    origin: Order.Origin = Order.Origin.ONLINE
    device_sequence: int | None = None
    reused_sequence: int | None = None
    clock_offset: timedelta | None = None
    shift_id: UUID | None = None


def is_paid(tenders: Sequence[TenderInput], *, origin: str, training: bool) -> bool:
    """Say whether the money of an order was taken: the sale has happened, and is not refused for what it finds here.

    That is: made offline, or with tenders, and none of them a card that the backend has yet to charge.
    """
    if training or not (tenders or origin == Order.Origin.OFFLINE):
        return False
    types = tender_types({each.type for each in tenders})
    kinds = {types[each.type].kind if each.type in types else None for each in tenders}
    return not kinds & {None, TenderType.Kind.GATEWAY} and not any(each.card_token for each in tenders)


def till_of_order(
    register: Register,
    arrival: Arrival,
    *,
    device: Device | None,
    profile: ShopProfile,
    now: datetime,
    findings: Findings,
) -> Till:
    """Say where and when an order was placed. What is paid is placed in any case, what is not may be refused.

    :raises ShiftNotOpen: when it is not paid, and the register has no open shift.
    :raises MomentRefused: when it is not paid, and dated before 2000, or into the future.
    """
    if findings.is_paid:
        shift = shift_of_sale(register, arrival, device=device, findings=findings)
    else:
        _require_moment(arrival)
        shift = open_shift_of(register)
    moment = moment_of_sale(arrival, device=device, shift=shift, findings=findings)
    return till_in(shift, register, occurred_at=moment, now=now, profile=profile)


def shift_of_sale(register: Register, arrival: Arrival, *, device: Device | None, findings: Findings) -> Shift | None:
    """Return the shift that a paid sale belongs to; None where the register never had one.

    No shift is opened, and none is opened again: a sale of a closed shift is late.
    """
    open_ = find_open_shift(register)
    of_till = _named_shift(register, arrival, open_)
    shift = of_till or _shift_at(register, corrected(arrival), open_, device)
    if shift is None:
        findings.note(Kind.NO_SHIFT, **_named(arrival))
    elif shift.state == Shift.State.CLOSED:
        findings.note(Kind.LATE_ORDER, shift_id=str(shift.id), arrived_at=arrival.arrived_at.isoformat())
    elif arrival.shift_id is not None and of_till is None:
        findings.note(Kind.NO_SHIFT, **_named(arrival))
    return shift


def corrected(arrival: Arrival) -> datetime:
    """Correct when it happened by how far the device's clock is ahead, where that is known and not negligible."""
    offset = arrival.clock_offset
    if offset is None or abs(offset) <= CLOCK_TOLERANCE:
        return arrival.reported
    try:
        return arrival.reported - offset
    except OverflowError:
        return arrival.arrived_at


def moment_of_sale(arrival: Arrival, *, device: Device | None, shift: Shift | None, findings: Findings) -> datetime:
    """Say when a sale happened.

    A moment that cannot be right is replaced: it is later than the arrival, or before the device was paired, or, where
    the device did not report its clock, before the shift was opened that the sale came into.
    """
    moment = corrected(arrival)
    earliest = _earliest(arrival, device, shift)
    if moment > arrival.arrived_at + CLOCK_TOLERANCE or moment < earliest - CLOCK_TOLERANCE:
        moment = arrival.arrived_at
    if moment != arrival.reported:
        findings.note(
            Kind.CLOCK_SKEW,
            reported=arrival.reported.isoformat(),
            occurred_at=moment.isoformat(),
            clock_offset_seconds=None if arrival.clock_offset is None else round(arrival.clock_offset.total_seconds()),
        )
    return moment


def _require_moment(arrival: Arrival) -> None:
    """:raises MomentRefused: when what is not paid is dated before 2000, or into the future."""
    try:
        past_moment(arrival.reported, now=arrival.arrived_at)
    except MomentInvalid as invalid:
        error = {"pointer": "/occurred_at", "code": "invalid", "detail": str(invalid)}
        message = f"/occurred_at: {invalid}"
        raise MomentRefused(message, errors=[error]) from None


def _earliest(arrival: Arrival, device: Device | None, shift: Shift | None) -> datetime:
    if device is None:
        return EARLIEST
    if arrival.clock_offset is None and shift is not None:
        return shift.opened_at
    return device.paired_at


def _named_shift(register: Register, arrival: Arrival, open_: Shift | None) -> Shift | None:
    if arrival.shift_id is None:
        return None
    if open_ is not None and open_.id == arrival.shift_id:
        return open_
    return shift_of_till(register, arrival.shift_id)


def _shift_at(register: Register, moment: datetime, open_: Shift | None, device: Device | None) -> Shift | None:
    """Return the open shift; or a closed one, where none is open, or the moment is before it was opened.

    A device that was paired later than that has sold nothing then: its clock is wrong.
    """
    if open_ is not None and moment >= open_.opened_at - CLOCK_TOLERANCE:
        return open_
    closed = None
    if device is None or moment >= device.paired_at - CLOCK_TOLERANCE:
        closed = closed_shift_at(register, moment + CLOCK_TOLERANCE)
    return closed or open_ or newest_closed_shift(register)


def _named(arrival: Arrival) -> dict[str, str | None]:
    return {"shift_id": None if arrival.shift_id is None else str(arrival.shift_id)}
