"""Days of a shop that chance has made: orders, payments in parts, returns, moved cash, counts, late orders."""

import json
from random import Random
from typing import Any

from django.utils import timezone

from events.testing.work import drain, settle
from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.cash.services.closing import close_shift
from pos.cash.services.counts import CountInput
from pos.cash.services.movements import MovementInput, move_cash
from pos.cash.services.totals import SUBSCRIBER
from pos.models import CashMovement, Order, Receipt, Register, Shift
from pos.orders.services.paying import add_tenders
from pos.orders.services.placing import place_order
from pos.orders.services.voiding import void_order
from pos.orders.tenders import TenderInput
from pos.returns.lines import ReturnLineInput
from pos.returns.services import complete_return
from tests.support import make

TAXES = ("Standard, included", "Standard, added", "Zero")
KINDS = (CashMovement.Kind.PAID_IN, CashMovement.Kind.PAID_OUT, CashMovement.Kind.PICKUP)


class Day:
    """One shift at several registers of a drawer, from its float to its Z, and what came late."""

    def __init__(self, random: Random, registers: list[Register]) -> None:
        self.random, self.registers = random, registers
        self.waiting: list[Order] = []
        self.done: list[Order] = []

    def lived(self, most: int = 12) -> Shift:
        random = self.random
        opened = open_shift(
            id=new_id(),
            register=random.choice(self.registers),
            float_amount=random.randrange(20_000),
            now=timezone.now(),
        )
        for _ in range(random.randrange(most)):
            self._happens(opened)
        closed = close_shift(
            shift_id=opened.id,
            register=random.choice(self.registers),
            counts=[CountInput(type="cash", amount=random.randrange(100_000))],
            now=timezone.now(),
        )
        for _ in range(random.randrange(3)):
            self._sell(paid=True)
        if random.random() < 0.5:
            settle()
        return closed

    def _happens(self, shift: Shift) -> None:
        chance = self.random.random()
        if chance < 0.55:
            self._sell()
        elif chance < 0.65 and self.waiting:
            order = self.waiting.pop()
            due = order.total - sum(tender.paid for tender in order.tenders.exclude(state="FAILED"))
            self._pay(order, due)
        elif chance < 0.7 and self.waiting:
            self._cancel(self.waiting.pop())
        elif chance < 0.8 and self.done:
            self._take_back(self.done.pop())
        elif chance < 0.9:
            kind = self.random.choice(KINDS)
            movement = MovementInput(id=new_id(), kind=kind, amount=self.random.randrange(1, 999), reason_code="X")
            move_cash(shift_id=shift.id, register=self.registers[0], movement=movement, now=timezone.now())
        elif chance < 0.95:
            settle()
        else:
            drain(SUBSCRIBER)

    def _sell(self, *, paid: bool = False) -> None:
        random, now = self.random, timezone.now()
        lines = [
            make.asked(sku=random.choice(("IN", "ADD", "ZERO")), quantity=str(random.randrange(1, 4)))
            for _ in range(random.randrange(1, 4))
        ]
        amount = 1_000_000 if paid else random.choice((100, 500, 1_000_000))
        order = place_order(
            id=new_id(),
            register=random.choice(self.registers),
            device=None,
            lines=lines,
            tenders=[self._tender(amount)] if paid or random.random() < 0.9 else [],
            occurred_at=now,
            now=now,
            fingerprint="",
        )
        (self.done if order.status == Order.Status.COMPLETED else self.waiting).append(order)

    def _tender(self, amount: int) -> TenderInput:
        if amount < 1_000 and self.random.random() < 0.4:
            return TenderInput(id=new_id(), type="card", amount=amount // 10)
        return make.cash(amount)

    def _pay(self, order: Order, due: int) -> None:
        tender = TenderInput(id=new_id(), type=self.random.choice(("card", "cash")), amount=due)
        add_tenders(
            order_id=order.id, register=self.random.choice(self.registers), tenders=[tender], now=timezone.now()
        )

    def _cancel(self, order: Order) -> None:
        void_order(order_id=order.id, reason="", register=self.random.choice(self.registers), now=timezone.now())

    def _take_back(self, order: Order) -> None:
        line = order.lines.order_by("number").first()
        assert line is not None
        back = ReturnLineInput(id=new_id(), quantity=line.quantity, restock=True, order_line_id=line.id)
        now = timezone.now()
        complete_return(
            id=new_id(),
            register=self.random.choice(self.registers),
            order_id=order.id,
            lines=[back],
            occurred_at=now,
            now=now,
            fingerprint="",
        )


def goods() -> None:
    """Put goods into the catalogue, one under each tax."""
    for sku, price, tax in zip(("IN", "ADD", "ZERO"), (333, 1999, 50), TAXES, strict=True):
        make.variant(sku, price, tax_rate=tax)


def z_of(shift: Shift) -> dict[str, Any]:
    snapshot: dict[str, Any] = json.loads(Receipt.objects.get(kind="Z", source_id=shift.id).snapshot)
    return snapshot
