"""Days of trade at two places and in two currencies: orders, discounts, cards, returns, voids, late and unpaid ones."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from events.testing.work import settle
from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.models import Location, Order, Register, Shift
from pos.orders.discounts import DiscountInput
from pos.orders.services.paying import add_tenders
from pos.orders.services.placing import place_order
from pos.orders.tenders import TenderInput
from pos.returns.lines import ReturnLineInput
from pos.returns.services import complete_return
from tests.support import make
from tests.support.pricing import prices_in
from tests.support.taxing import rate, tax_class

FIRST = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = 3


def two_places() -> list[Register]:
    """Open a second shop in New York beside the first one, which is put to Madrid, and stock both with goods."""
    Location.objects.update(timezone="Europe/Madrid")
    there = Location.objects.create(code="NYC", name="New York", currency="USD", timezone="America/New_York")
    registers = [make.register(), Register.objects.create(code="R2", name="Till 2", location=there)]
    tax_class("Quebec", rate("GST", "0.05", inclusive=False), rate("QST", "0.09975", inclusive=False))
    make.variant("MUG", 1000)
    make.variant("TEA", 333, tax_rate="Standard, added")
    make.variant("CUP", 250, tax_rate="Zero")
    make.variant("SYRUP", 777, tax_rate="Quebec")
    prices_in("USD")
    for register in registers:
        if not Shift.objects.filter(register=register).exists():
            open_shift(id=new_id(), register=register, float_amount=0, now=FIRST)
    return registers


def trade(registers: list[Register], *, seed: int, documents: int = 25) -> None:
    """Let things happen at random, and let every subscriber apply them."""
    dice = random.Random(seed)
    done: list[Order] = []
    for _ in range(documents):
        register, moment = dice.choice(registers), FIRST + timedelta(minutes=dice.randrange(DAYS * 24 * 60))
        sold_here = [order for order in done if order.register_id == register.id]
        if sold_here and dice.random() < 0.3:
            _return(dice, dice.choice(sold_here), register, moment)
            continue
        order = _order(dice, register, moment)
        fate = dice.choice(["paid", "paid", "card", "later", "void", "part"])
        order = _place(order, fate, dice)
        if fate in {"later", "part"}:
            order.refresh_from_db()
            if fate == "later":
                later = moment + timedelta(days=1)
                add_tenders(order_id=order.id, register=register, tenders=[_cash(order.total)], now=later)
        if fate == "void":
            make.void(order, reason="changed their mind")
        settle()
        order.refresh_from_db()
        if order.status == "COMPLETED":
            done.append(order)
    settle()


class _Asked(dict):  # type: ignore[type-arg]
    """What an order is placed with."""


def _order(dice: random.Random, register: Register, moment: datetime) -> _Asked:
    lines = [
        make.asked(sku, str(Decimal(dice.randint(1, 3000)) / 1000) if sku == "TEA" else str(dice.randint(1, 3)))
        for sku in dice.sample(["MUG", "TEA", "CUP", "SYRUP"], dice.randint(1, 3))
    ]
    discounts = [DiscountInput(name="Friends", percent=Decimal(10))] if dice.random() < 0.4 else []
    return _Asked(
        id=new_id(), register=register, device=None, lines=lines, discounts=discounts, occurred_at=moment, now=moment,
        fingerprint="",
    )  # fmt: skip


def _place(asked: _Asked, fate: str, dice: random.Random) -> Order:
    tenders = {
        "paid": [_cash(10**7)],
        "card": [TenderInput(id=new_id(), type="gateway", amount=1, card_token="tok_approve"), _cash(10**7)],
        "part": [_cash(1)],
    }.get(fate, [])
    return place_order(**asked, tenders=tenders)


def _return(dice: random.Random, order: Order, register: Register, moment: datetime) -> None:
    line = dice.choice(list(order.lines.all()))
    left = line.quantity - line.returned_quantity
    if left <= 0:
        return
    quantity = left if dice.random() < 0.5 else min(left, Decimal(1))
    complete_return(
        id=new_id(),
        register=register,
        order_id=order.id,
        lines=[ReturnLineInput(id=new_id(), quantity=quantity, restock=dice.random() < 0.5, order_line_id=line.id)],
        occurred_at=moment,
        now=moment,
        fingerprint="",
    )


def _cash(amount: int) -> TenderInput:
    return TenderInput(id=new_id(), type="cash", amount=amount)
