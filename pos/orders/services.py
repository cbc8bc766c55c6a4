"""Orders: placed, paid, completed, voided."""

from collections.abc import Sequence
from datetime import date, datetime
from secrets import token_hex
from uuid import UUID

from events.outgoing.letters import Letter, write_letter
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.prefetching import hold_rows
from kernel.refusals import NotFound, Refusal
from pos.cash.models import TenderType
from pos.cash.services import open_till
from pos.events import OrderVoided, SoldLine
from pos.orders import facts
from pos.orders.discounts import DiscountInput
from pos.orders.lines import OrderLineInput, price_lines
from pos.orders.models import Order, OrderLine, Tender
from pos.orders.queries import order_lines
from pos.orders.receipts import order_snapshot
from pos.orders.tenders import TenderInput, TenderMismatch, hand_over, keep_card_tokens
from pos.profile.models import ShopProfile
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt
from pos.receipts.services import issue_receipt
from pos.receipts.snapshot import read_snapshot
from pos.receipts.text import receipt_text
from pos.registers.models import Device, Register

PRIMARY_KEY = "pos_order_pkey"


class OrderExists(Refusal):
    """The order's id was used before: for the same request it is answered again, for another it is refused."""

    code = "order-exists"
    title = "Order exists"

    def __init__(self, order_id: UUID) -> None:
        super().__init__(f"order {order_id} was placed already, with other content", order_id=str(order_id))
        self.order_id = order_id


class OrderNotEditable(Refusal):
    code = "order-not-editable"
    title = "Order not editable"


class CurrencyMismatch(Refusal):
    """The order has amounts of a currency in which the register that asks does not work."""

    code = "currency-mismatch"
    title = "Order in another currency"
    status = 422


def place_order(
    *,
    id: UUID,
    register: Register,
    device: Device | None,
    lines: Sequence[OrderLineInput],
    tenders: Sequence[TenderInput],
    occurred_at: datetime,
    now: datetime,
    fingerprint: str,
    customer_email: str = "",
    note: str = "",
    discounts: Sequence[DiscountInput] = (),
    training: bool = False,
) -> Order:
    """Ring up an order, and complete it when its tenders settle it.

    An order of training has a receipt of a series apart. Nothing is published of it but that: it moves neither stock
    nor money, and is in no total.

    The rows are written when the unit of work ends, without signals; what the database refuses is raised there.

    :raises OrderExists: when the id was used before.
    :raises ShiftNotOpen: when the register has no open shift.
    :raises LinesInvalid: when a line names nothing that the shop sells, or what no tax rule holds for.
    :raises DiscountExceedsPrice: when a discount is more than what it is taken off.
    :raises NumberTooLarge: when all lines come to too much, in goods or in money.
    :raises TenderMismatch: when the tenders exceed what may be taken.
    """
    with unit_of_work() as unit:
        profile = current_profile()
        day = profile.day_of(occurred_at, timezone=register.location.timezone)
        till = open_till(register, occurred_at=occurred_at, now=now, business_date=day)
        order = Order(
            id=id,
            register=register,
            device=device,
            shift=till.shift,
            currency=register.location.currency,
            rounding_level=register.location.rounding_level,
            customer_email=customer_email,
            note=note,
            fingerprint=fingerprint,
            occurred_at=occurred_at,
            training=training,
            customer_salt=token_hex(16) if customer_email else "",
            recorded_at=now,
        )
        order.business_date = _day_of(order, profile)
        priced = price_lines(order, lines, discounts)
        rows = priced.lines
        taken = hand_over(order=order, till=till, given=tenders)
        if training:
            _require_nothing_charged(taken)
        hold_rows(order, lines=rows, tenders=taken)
        sold = facts.sold_lines(rows)
        keep_card_tokens(tenders)
        if not training:
            publish(facts.placed(order, sold, taken), occurred_at=occurred_at)
        if receipt := _settle(order, rows, taken, profile=profile, now=now):
            _announce_completed(order, sold, taken, receipt)
        unit.insert_later([order], refusals={PRIMARY_KEY: OrderExists(id)})
        unit.insert_later(rows)
        unit.insert_later(priced.taxes)
        unit.insert_later(taken)
    return order


def add_tenders(*, order_id: UUID, register: Register, tenders: Sequence[TenderInput], now: datetime) -> Order:
    """Take further tenders for a placed order, and complete it when they settle it.

    :param register: where they are taken.
    :raises ShiftNotOpen: when the register has no open shift.
    :raises NotFound: when there is no such order.
    :raises CurrencyMismatch: when the order is in another one.
    :raises OrderNotEditable: when it is completed or voided.
    :raises TenderMismatch: when the tenders exceed what is due.
    """
    with unit_of_work() as unit:
        profile = current_profile()
        day = profile.day_of(now, timezone=register.location.timezone)
        till = open_till(register, occurred_at=now, now=now, business_date=day)
        order = lock_order(order_id)
        require_currency(order, register.location.currency)
        _require_placed(order)
        earlier = _tenders_of(order)
        before = order.rounding_adjustment
        taken = hand_over(order=order, till=till, given=tenders, earlier=earlier)
        if order.rounding_adjustment != before:
            order.save(update_fields=["rounding_adjustment", "total"])
        if order.training:
            _require_nothing_charged(taken)
        unit.insert_later(taken)
        keep_card_tokens(tenders)
        due = order.total - _settled([*earlier, *taken])
        if not order.training:
            publish(facts.tenders_added(order, taken, due=due, day=till.business_date, now=now), occurred_at=now)
        _complete_if_settled(order, [*earlier, *taken], now=now)
    return order


def void_order(*, order_id: UUID, reason: str) -> Order:
    """Give up an order that is not completed; what was charged for it goes back.

    :raises NotFound: when there is no such order.
    :raises OrderNotEditable: when it is completed or voided, or holds settled cash.
    """
    with unit_of_work():
        order = lock_order(order_id)
        _require_placed(order)
        tenders = _tenders_of(order)
        charged = [tender for tender in tenders if tender.type.kind == TenderType.Kind.GATEWAY]
        if not order.training and any(t.state == Tender.State.SETTLED and t not in charged for t in tenders):
            message = "cash or cards were taken for this order: complete it and return it instead"
            raise OrderNotEditable(message)
        hold_rows(order, lines=_lines_of(order), tenders=tenders)
        order.status = Order.Status.VOIDED
        order.save(update_fields=["status"])
        if order.training:
            return order
        publish(
            OrderVoided(
                order_id=order.id,
                register_id=order.register_id,
                reason=reason,
                abandoned_charges=[tender.id for tender in charged],
            )
        )
    return order


def settle_card_tender(*, tender_id: UUID, order_id: UUID, reference: str, now: datetime) -> None:
    """Take over that the backend charged a card, and complete the order when that settles it.

    An order that was voided or completed otherwise stays as it is; payments gives such a charge back.
    """
    with unit_of_work():
        order = lock_order(order_id)
        if order.status != Order.Status.PLACED:
            return
        pending = order.tenders.filter(id=tender_id, state=Tender.State.PENDING)
        if pending.update(state=Tender.State.SETTLED, reference=reference):
            _complete_if_settled(order, _tenders_of(order), now=now)


def lock_order(order_id: UUID) -> Order:
    """:raises NotFound: when there is no such order."""
    locked = Order.objects.select_for_update(no_key=True, of=("self",))
    order = locked.select_related("register__location").filter(id=order_id).first()
    if order is None:
        message = f"no order {order_id} exists"
        raise NotFound(message)
    return order


def require_currency(order: Order, currency: str) -> None:
    """:raises CurrencyMismatch: when amounts of this currency are not amounts of the order."""
    if order.currency != currency:
        message = (
            f"order {order.id} is in {order.currency}, and this register works in {currency}: use one of its location"
        )
        raise CurrencyMismatch(message, currency=order.currency)


def _day_of(order: Order, profile: ShopProfile) -> date:
    return profile.day_of(order.occurred_at, timezone=order.register.location.timezone)


def _require_nothing_charged(tenders: Sequence[Tender]) -> None:
    """:raises TenderMismatch: when a card would be charged for training."""
    if any(tender.type.kind == TenderType.Kind.GATEWAY for tender in tenders):
        message = "an order of training charges no card: take it with another tender"
        raise TenderMismatch(message)


def _require_placed(order: Order) -> None:
    if order.status != Order.Status.PLACED:
        message = f"order {order.id} is {order.status.lower()}"
        raise OrderNotEditable(message)


def _settle(
    order: Order, rows: Sequence[OrderLine], tenders: Sequence[Tender], *, profile: ShopProfile, now: datetime
) -> Receipt | None:
    """Make an order whose settled tenders cover it a completed one, and return its receipt; None where it is due.

    Nothing of the order is saved, and the register is locked from here on.
    """
    if _settled(tenders) != order.total:
        return None
    order.change_total = sum(tender.change for tender in tenders if tender.state == Tender.State.SETTLED)
    order.business_date = order.business_date or _day_of(order, profile)
    receipt = issue_receipt(
        kind=Receipt.Kind.ORDER,
        register=order.register,
        source_id=order.id,
        make=lambda taken: order_snapshot(order, rows, tenders, profile=profile, taken=taken),
        now=now,
        exists=OrderExists(order.id),
        training=order.training,
    )
    order.series, order.receipt_number, order.receipt_id = receipt.series, receipt.number, receipt.id
    order.status, order.completed_at = Order.Status.COMPLETED, now
    return receipt


def _settled(tenders: Sequence[Tender]) -> int:
    return sum(tender.paid for tender in tenders if tender.state == Tender.State.SETTLED)


def _complete_if_settled(order: Order, tenders: Sequence[Tender], *, now: datetime) -> None:
    rows = _lines_of(order)
    hold_rows(order, lines=rows, tenders=tenders)
    if receipt := _settle(order, rows, tenders, profile=current_profile(), now=now):
        order.save(
            update_fields=[
                "change_total",
                "series",
                "receipt_number",
                "receipt_id",
                "business_date",
                "status",
                "completed_at",
            ]
        )
        _announce_completed(order, facts.sold_lines(rows), tenders, receipt)


def _announce_completed(order: Order, sold: list[SoldLine], tenders: Sequence[Tender], receipt: Receipt) -> None:
    if order.training:
        return
    event_id = publish(facts.completed(order, sold, tenders), occurred_at=order.occurred_at)
    if order.customer_email:
        write_letter(
            Letter(
                event_id=event_id,
                about=order.id,
                recipient=order.customer_email,
                subject=f"Your receipt {order.receipt}",
                body=receipt_text(read_snapshot(receipt.snapshot)),
            )
        )


def _lines_of(order: Order) -> list[OrderLine]:
    return list(order_lines().filter(order=order))


def _tenders_of(order: Order) -> list[Tender]:
    return list(order.tenders.select_related("type").order_by("number"))
