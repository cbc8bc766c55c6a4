"""Events of orders. Amounts are minor units of `currency`; quantities have three decimals."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from events.event import Category, Event, event
from pos.events.lines import SoldLine
from pos.events.tenders import RefundedTender, TakenTender


@dataclass(frozen=True, kw_only=True)
class OrderFacts(Event):
    """What is known of an order from its placing on. Null is what is not known, or has no place in this shop yet.

    :param business_date: the local date of the location, minus the shop's cut-over hour. :param origin: ONLINE or
        OFFLINE. :param rounding_level: LINE or ORDER. :param rounding_adjustment: what rounding added to the lines.
    """

    order_id: UUID
    register_id: UUID
    location_id: UUID
    location_name: str | None
    device_id: UUID | None
    device_sequence: int | None
    shift_id: UUID | None
    staff_id: UUID | None
    customer_id: UUID | None
    business_date: date | None
    time_zone: str | None
    origin: str | None
    training: bool | None
    price_list_id: UUID | None
    rounding_level: str | None
    rounding_adjustment: int | None
    currency: str
    subtotal: int | None
    discount_total: int | None
    tax_total: int | None
    total: int
    lines: list[SoldLine]
    occurred_at: datetime
    recorded_at: datetime | None


@event("pos.order_placed", category=Category.INTEGRATION, stream="order:{order_id}", version=2)
class OrderPlaced(OrderFacts):
    """An order was placed. `due` is what `tenders` have not settled; pending ones are cards that the backend charges.

    Orders of version 1 had `due` = `total` and no tenders: their cards were announced by `pos.card_charge_requested`.
    """

    due: int
    tenders: list[TakenTender] | None


@event("pos.tenders_added", category=Category.INTEGRATION, stream="order:{order_id}")
class TendersAdded(Event):
    """Further tenders were taken for an order that was placed before. `due` is what is not settled after them.

    :param location_id: where they were taken, which may be another place than the order's; `business_date` and
        `time_zone` are of there.
    """

    order_id: UUID
    location_id: UUID
    currency: str
    tenders: list[TakenTender]
    due: int
    business_date: date
    time_zone: str
    occurred_at: datetime


@event("pos.order_completed", category=Category.INTEGRATION, stream="order:{order_id}", version=2)
class OrderCompleted(OrderFacts):
    """An order was paid in full and has its receipt number: enough for stock, payments, receipts and reports.

    :param receipt: as it is printed. :param receipt_series: within which `receipt_number` is counted.
    :param exchange_return_id: the return whose goods paid for it, or for a part of it.
    """

    receipt_id: UUID | None
    receipt_series: str | None
    receipt: str
    receipt_number: int
    change_total: int
    tenders: list[TakenTender]
    abandoned_charges: list[UUID]
    completed_at: datetime
    exchange_return_id: UUID | None = None


@event("pos.order_joined_shift", category=Category.DOMAIN, stream="order:{order_id}")
class OrderJoinedShift(OrderFacts):
    """A sale that was completed without a shift counts in one from now on, `shift_id`: the next that its drawer had.

    It says again what counts there. Stock, payments and reports know it from `pos.order_completed`.
    """

    receipt_number: int
    tenders: list[TakenTender]
    joined_at: datetime


@event("pos.order_voided", category=Category.INTEGRATION, stream="order:{order_id}")
class OrderVoided(Event):
    """An order was cancelled before it was completed; cards in `abandoned_charges` must not stay charged.

    :param refunds: what tills took for it and give back. Null is what older events did not say.
    :param voided_at_register_id: where it was cancelled, and `location_id`, whose day `business_date` is; `register_id`
        is that of the order.
    """

    order_id: UUID
    register_id: UUID
    reason: str
    abandoned_charges: list[UUID]
    voided_at: datetime | None = None
    staff_id: UUID | None = None
    location_id: UUID | None = None
    voided_at_register_id: UUID | None = None
    business_date: date | None = None
    currency: str | None = None
    refunds: list[RefundedTender] | None = None


@event("pos.refund_refused", category=Category.DOMAIN, stream="order:{order_id}")
class RefundRefused(Event):
    """The gateway refused a refund that counts already where it was asked for: there it counts no longer.

    :param refund: as it was told before. :param business_date: on which it was to go back.
    :param return_id: null where the order was cancelled.
    """

    order_id: UUID
    return_id: UUID | None
    location_id: UUID
    register_id: UUID
    currency: str
    refund: RefundedTender
    business_date: date
    occurred_at: datetime


@event("pos.refund_replaced", category=Category.INTEGRATION, stream="order:{order_id}")
class RefundReplaced(Event):
    """What was owed since a refund was refused is paid in another way, or the card is tried again.

    :param refused_id: the refund that was refused. :param return_id: null where the order was cancelled.
    :param refunds: those in its place.
    """

    refused_id: UUID
    order_id: UUID
    return_id: UUID | None
    location_id: UUID
    register_id: UUID
    staff_id: UUID | None
    currency: str
    refunds: list[RefundedTender]
    business_date: date
    time_zone: str
    occurred_at: datetime
