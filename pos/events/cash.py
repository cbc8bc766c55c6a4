"""Events of shifts and of cash that is moved. Amounts are minor units of `currency`."""

from datetime import date, datetime
from uuid import UUID

from events.event import Category, Event, event
from pos.events.shift_totals import CountedTender, MovedCash, ShiftRegister, ShiftTax, ShiftTender


@event("pos.shift_opened", category=Category.INTEGRATION, stream="shift:{shift_id}", version=2)
class ShiftOpened(Event):
    """A register began a shift. `float_amount` is the cash in the drawer at the start. Null is what is not known."""

    shift_id: UUID
    register_id: UUID
    location_id: UUID | None
    drawer_id: UUID | None
    number: int | None
    staff_id: UUID | None
    currency: str | None
    float_amount: int
    business_date: date | None
    time_zone: str | None
    opened_at: datetime


@event("pos.cash_moved", category=Category.INTEGRATION, stream="shift:{shift_id}")
class CashMoved(Event):
    """Cash was put into a drawer or taken out of it without a sale, or the drawer was opened for nothing.

    :param kind: PAID_IN, PAID_OUT, PICKUP, NO_SALE or CORRECTION. :param amount: below zero for what was taken out.
    :param source_id: the command, or the movement that is corrected.
    """

    movement_id: UUID
    shift_id: UUID
    drawer_id: UUID
    register_id: UUID
    location_id: UUID
    kind: str
    amount: int
    currency: str
    reason_code: str
    source_id: UUID
    staff_id: UUID | None
    approval_id: UUID | None
    receipt_id: UUID
    receipt: str
    business_date: date
    time_zone: str
    occurred_at: datetime


@event("pos.shift_closed", category=Category.INTEGRATION, stream="shift:{shift_id}")
class ShiftClosed(Event):
    """A shift was counted and closed: the whole Z report. What is recorded for it later comes as `pos.shift_amended`.

    :param register_id: where it was closed. :param business_date: on which it was closed.
    :param counts: by tender type, all cash under one; of a type that nobody counted, what was counted is null.
    :param grand_total: of the drawer, perpetual: orders less returns; `grand_total_before` without this shift.
    :param position: of the log, up to which everything of the shift is in here.
    """

    shift_id: UUID
    drawer_id: UUID
    register_id: UUID
    location_id: UUID
    number: int
    currency: str
    business_date: date
    time_zone: str
    opened_at: datetime
    opened_by: UUID | None
    closed_at: datetime
    closed_by: UUID | None
    receipt_id: UUID
    receipt_series: str
    receipt_number: int
    receipt: str
    float_amount: int
    registers: list[ShiftRegister]
    taxes: list[ShiftTax]
    tenders: list[ShiftTender]
    movements: list[MovedCash]
    counts: list[CountedTender]
    grand_total_before: int
    grand_total: int
    position: int


@event("pos.shift_amended", category=Category.INTEGRATION, stream="shift:{shift_id}")
class ShiftAmended(Event):
    """Something was recorded for a shift that had been closed: it adds to the Z report, which stays as it is.

    :param number: of the amendment, from 1 on for each shift. :param amends: the number of the Z as it is printed.
    :param order_ids: and `return_ids`: whose order or return it is. :param cause_event_id: the event that told of it.
    """

    amendment_id: UUID
    shift_id: UUID
    drawer_id: UUID
    location_id: UUID
    number: int
    amends: str
    order_ids: list[UUID]
    return_ids: list[UUID]
    cause_event_id: UUID
    currency: str
    business_date: date
    time_zone: str
    receipt_id: UUID
    receipt_series: str
    receipt_number: int
    receipt: str
    registers: list[ShiftRegister]
    taxes: list[ShiftTax]
    tenders: list[ShiftTender]
    grand_total_before: int
    grand_total: int
    recorded_at: datetime
