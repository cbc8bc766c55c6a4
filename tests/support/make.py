"""Test data, from typed plain functions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from events.testing.work import settle
from inventory.services import Source, StockMove
from kernel.ids import new_id
from payments.models import PaymentIntent, SimulatedCharge
from pos.cash.services import open_shift
from pos.catalogue.services import Item, put_item
from pos.models import Device, Order, Refund, Register, Return, Shift, Variant
from pos.orders.lines import OrderLineInput
from pos.orders.refunds import RefundInput
from pos.orders.services.placing import place_order
from pos.orders.services.voiding import void_order
from pos.orders.tenders import TenderInput
from pos.refunds.services import replace_refund
from pos.registers.services import pair_device
from pos.returns.lines import ReturnLineInput
from pos.returns.services import complete_return

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def register() -> Register:
    return Register.objects.select_related("location").get(code="R1")


def shift() -> Shift:
    existing = Shift.objects.filter(register=register(), state=Shift.State.OPEN).first()
    return existing or open_shift(id=new_id(), register=register(), float_amount=0, now=NOW)


def device(register: str = "R1") -> tuple[Device, str]:
    return pair_device(register_code=register, name="Test terminal")


def variant(
    sku: str = "MUG",
    price: int = 1000,
    *,
    tax_rate: str = "Standard, included",
    stocked: bool = True,
    barcode: str = "",
) -> Variant:
    item = Item(
        sku=sku,
        name=f"The {sku}",
        price=price,
        tax_rate=tax_rate,
        stocked=stocked,
        barcodes=[barcode] if barcode else [],
    )
    return put_item(item=item)[0]


def asked(sku: str = "MUG", quantity: str = "1", **more: Any) -> OrderLineInput:
    return OrderLineInput(id=new_id(), sku=sku, quantity=Decimal(quantity), **more)


def cash(amount: int) -> TenderInput:
    return TenderInput(id=new_id(), type="cash", amount=amount)


def card(amount: int, token: str = "tok_approve") -> TenderInput:
    return TenderInput(id=new_id(), type="gateway", amount=amount, card_token=token)


def order(
    *tenders: TenderInput,
    lines: list[OrderLineInput] | None = None,
    email: str = "",
    id: UUID | None = None,
    opens: bool = True,
) -> Order:
    """Ring up one mug (or the given lines) in an open shift. :param opens: whether one is opened for it."""
    if opens:
        shift()
    order = place_order(
        id=id or new_id(),
        register=register(),
        device=None,
        lines=lines or [asked()],
        tenders=tenders,
        occurred_at=NOW,
        now=NOW,
        fingerprint="",
        customer_email=email,
    )
    order.refresh_from_db()
    return order


def returning(order: Order, quantity: str = "1", *, restock: bool = True, line: int = 1) -> ReturnLineInput:
    original = order.lines.get(number=line)
    return ReturnLineInput(id=new_id(), quantity=Decimal(quantity), restock=restock, order_line_id=original.id)


def return_(order: Order, *lines: ReturnLineInput, refunds: Sequence[RefundInput] = ()) -> Return:
    return complete_return(
        id=new_id(),
        register=register(),
        order_id=order.id,
        lines=lines,
        occurred_at=NOW,
        now=NOW,
        fingerprint="",
        refunds=refunds,
    )


def refused_refund() -> Refund:
    """Return a mug that was paid by a card, to which the gateway gives nothing back."""
    paid = order(card(1000), lines=[asked(unit_price=1000)])
    settle()
    SimulatedCharge.objects.filter(key=PaymentIntent.objects.get(order_id=paid.id).id).update(refunds={"x": 1000})
    returned = return_(paid, returning(paid))
    settle()
    refund: Refund = returned.refunds.get()
    return refund


def replaced(refund: Refund, **more: Any) -> Refund:
    return replace_refund(refund_id=refund.id, register=register(), now=NOW, **{"type": "cash", **more})


def void(order: Order, *refunds: RefundInput, reason: str = "x") -> Order:
    return void_order(order_id=order.id, reason=reason, register=register(), now=NOW, refunds=refunds)


def order_body(**more: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "occurred_at": "2026-11-23T12:00:00Z",
        "lines": [{"sku": "MUG", "quantity": "1"}],
        "tenders": [{"type": "cash", "amount": {"amount": 1000}}],
        **more,
    }


def source(kind: str = "goods_receipt", id: UUID | None = None) -> Source:
    return Source(type=kind, id=id or new_id(), location_id=register().location_id, occurred_at=NOW)


def moved(variant: Variant, quantity: str, *, reason: str = "") -> StockMove:
    return StockMove(variant_id=variant.id, quantity=Decimal(quantity), line=new_id(), reason=reason)
