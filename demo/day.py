"""A day at a till: sold, counted and closed through the API, as a cashier and their manager do it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.people import MANAGER
from demo.till import ApiRefused, Till, order_of
from kernel.ids import new_id

PICKED_UP, PAID_OUT, SHORT = 5_000, 850, 50
NOTE = 500
"""Cash is handed over in notes of five."""


@dataclass(frozen=True, kw_only=True)
class Sale:
    """:param goods: how many of each, by its place in the catalogue, which begins again where it is shorter.

    :param card: what a card pays, in minor units; None: all of it. Cash pays the rest.
    :param percent: of a discount.
    """

    goods: Mapping[int, int]
    card: int | None = 0
    percent: str = ""


SALES = (
    Sale(goods={0: 2}),
    Sale(goods={1: 1, 3: 1}, card=None),
    Sale(goods={2: 1}, percent="5"),
    Sale(goods={0: 1, 4: 2}, card=500),
    Sale(goods={5: 1}),
    Sale(goods={3: 2, 1: 1}, card=None),
    Sale(goods={2: 2, 0: 1}, card=1000),
    Sale(goods={4: 1}),
    Sale(goods={0: 1, 1: 1, 5: 2}, card=None),
    Sale(goods={2: 1, 3: 1}, percent="20"),
    Sale(goods={1: 3}),
    Sale(goods={5: 1, 0: 1}, card=None),
)
"""The first is brought back in part. A cashier gives 20 percent only if their manager approves."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """:param cashier: a till at which the cashier is signed in. :param manager: the same for their manager."""

    cashier: Till
    manager: Till
    manager_pin: str

    def spend(self) -> dict[str, Any]:
        """Sell all day in the open shift, and close it by what is counted; return the closed shift."""
        shift = self.manager.ensure_shift()
        goods = [each["sku"] for each in self.manager.get("/variants")["results"] if each["price"]]
        first, *_ = [self._sell(sale, goods) for sale in SALES]
        self._take_back(first)
        self._move(shift, "PICKUP", PICKED_UP)
        self._move(shift, "PAID_OUT", PAID_OUT, reason_code="WINDOWS", note="The windows are cleaned")
        counts = [{"tender_type": "cash", "amount": {"amount": self._expected_cash(shift) - SHORT}}]
        closed: dict[str, Any] = self.manager.post(f"/shifts/{shift}/close", {"counts": counts}).json()
        return closed

    def _sell(self, sale: Sale, goods: Sequence[str]) -> dict[str, Any]:
        lines = [{"sku": goods[place % len(goods)], "quantity": str(count)} for place, count in sale.goods.items()]
        discounts = [{"percent": sale.percent, "name": "Regular customer"}] if sale.percent else []
        asked = {"lines": lines, "discounts": discounts}
        due = self.cashier.post("/price-quotes", asked).json()["total"]["amount"]
        order = order_of(lines, list(_tenders(sale, due)), discounts=discounts)
        try:
            return self.cashier.place(order)
        except ApiRefused as refused:
            if refused.code != "approval-required":
                raise
            action, reason = refused.problem["action"], "A scratch"
            by = {"code": MANAGER.code, "pin": self.manager_pin}
            return self.cashier.place(self.cashier.approved(order, action, reason=reason, **by))

    def _take_back(self, order: dict[str, Any]) -> None:
        line = order["lines"][0]
        returned = {
            "id": str(new_id()),
            "occurred_at": datetime.now(UTC).isoformat(),
            "order_id": order["id"],
            "lines": [{"order_line_id": line["id"], "quantity": "1"}],
            "reason": "One too many",
        }
        self.cashier.post("/returns", returned, key=returned["id"])

    def _move(self, shift: str, kind: str, amount: int, **more: str) -> None:
        moved = {"id": str(new_id()), "kind": kind, "amount": {"amount": amount}, **more}
        self.manager.post(f"/shifts/{shift}/cash-movements", moved)

    def _expected_cash(self, shift: str) -> int:
        report = self.manager.get(f"/shifts/{shift}/x-report")["snapshot"]
        return sum(each["expected"] for each in report["counts"] if each["type"] == "cash")


def _tenders(sale: Sale, due: int) -> Iterator[dict[str, Any]]:
    by_card = due if sale.card is None else min(sale.card, due)
    if by_card:
        yield {"type": "card", "amount": {"amount": by_card}}
    if due > by_card:
        yield {"type": "cash", "amount": {"amount": -(-(due - by_card) // NOTE) * NOTE}}
