"""An order is completed when its settled tenders cover it: it gets its receipt, and that is announced."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from events.outgoing.letters import Letter, write_letter
from events.publishing.publish import publish
from kernel.prefetching import hold_rows
from pos.cash.models import Shift
from pos.events import SoldLine
from pos.orders import facts
from pos.orders.models import Order, OrderLine, Tender
from pos.orders.receipts import order_snapshot
from pos.orders.services.locking import lines_of
from pos.orders.services.refusals import OrderExists
from pos.profile.models import ShopProfile
from pos.profile.queries import current_profile
from pos.receipts.models import Receipt
from pos.receipts.services import issue_receipt
from pos.receipts.snapshot import read_snapshot
from pos.receipts.text import receipt_text


def day_of(order: Order, profile: ShopProfile) -> date:
    return profile.day_of(order.occurred_at, timezone=order.register.location.timezone)


def settle(
    order: Order, rows: Sequence[OrderLine], tenders: Sequence[Tender], *, profile: ShopProfile, now: datetime
) -> Receipt | None:
    """Make an order whose settled tenders cover it a completed one, and return its receipt; None where it is due.

    Nothing of the order is saved, and the register is locked from here on.
    """
    if settled(tenders) != order.total:
        return None
    order.change_total = sum(tender.change for tender in tenders if tender.state == Tender.State.SETTLED)
    order.business_date = order.business_date or day_of(order, profile)
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


def settled(tenders: Sequence[Tender]) -> int:
    return sum(tender.paid for tender in tenders if tender.state == Tender.State.SETTLED)


def complete_if_settled(order: Order, tenders: Sequence[Tender], *, now: datetime, shift: Shift | None = None) -> None:
    """Complete an order that was placed before, and so at a later moment, however coarse the clock is.

    :param shift: in which the tenders that settle it were taken, so that it is sold there; None: as it was.
    """
    now = max(now, order.recorded_at + timedelta(microseconds=1))
    rows = lines_of(order)
    hold_rows(order, lines=rows, tenders=tenders)
    if receipt := settle(order, rows, tenders, profile=current_profile(), now=now):
        order.shift = shift or order.shift
        order.save(
            update_fields=[
                "shift",
                "change_total",
                "series",
                "receipt_number",
                "receipt_id",
                "business_date",
                "status",
                "completed_at",
            ]
        )
        announce_completed(order, facts.sold_lines(rows), tenders, receipt)


def announce_completed(order: Order, sold: list[SoldLine], tenders: Sequence[Tender], receipt: Receipt) -> None:
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
