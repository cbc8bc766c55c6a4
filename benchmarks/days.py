"""Random days of a shop: receipts, orders and SQL must come to the same. `python -m benchmarks.days --days 1000`

The shop has a location of each exponent (JPY, EUR, KWD), each in a time zone of its part of the world, price lists with
steps, goods with one, two and stacked taxes, discounts, cash that is rounded, split tenders, returns with and without
an order, orders that are voided and orders of training. Nothing is sent: the services are called in this process.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from benchmarks import books
from benchmarks.stack import stack

FIRST_DAY = date(2024, 1, 1)
PLACES = (("JPY", "Asia/Tokyo"), ("EUR", "Europe/Madrid"), ("KWD", "Asia/Kuwait"))
TAXES = {
    "Standard": [("VAT", "0.21", True, False)],
    "Reduced": [("VAT", "0.055", True, False)],
    "Added": [("VAT", "0.21", False, False)],
    "Two": [("GST", "0.05", False, False), ("QST", "0.09975", False, False)],
    "Stacked": [("GST", "0.05", True, False), ("ECO", "0.0077", True, True)],
    "None": [("VAT", "0", True, False)],
}
GOODS = 18
PROMOTION = 30
"""Days after which another list is in force."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with stack():
        from kernel.tenancy import find_any_tenant, in_tenant

        name = _new_shop()
        with in_tenant(find_any_tenant(name)):
            began = time.monotonic()
            sold = sell_days(options.days, Random(options.seed))
            print(f"{options.days} days, seed {options.seed}: {sold} in {time.monotonic() - began:.0f} s")
            report = compared()
    print(report.text)
    raise SystemExit(0 if report.agrees else 1)


@dataclass(frozen=True, kw_only=True)
class Report:
    agrees: bool
    text: str


def compared() -> Report:
    """Compare the three sums, and let `verify`'s statements look at the rows."""
    sums = {"receipts": books.by_receipts(), "orders": books.by_orders(), "SQL": books.by_sql()}
    keys = sorted({key for each in sums.values() for key in each})
    differing = [key for key in keys if len({each[key] for each in sums.values()}) > 1]
    broken = books.broken()
    lines = [f"{len(keys)} sums by day, currency, and total, tax or tender: {len(differing)} differ"]
    lines += [
        f"  {' '.join(key)}: " + ", ".join(f"{n} {each[key]}" for n, each in sums.items()) for key in differing[:20]
    ]
    for currency, _ in PLACES:
        totals = {n: sum(v for k, v in each.items() if k[1:3] == (currency, "total")) for n, each in sums.items()}
        lines.append(f"{currency}: " + ", ".join(f"{name} {total}" for name, total in totals.items()))
    lines.append(f"invariants of verify that are broken: {', '.join(broken) or 'none'}")
    return Report(agrees=not differing and not broken and bool(keys), text="\n".join(lines))


def sell_days(days: int, random: Random) -> dict[str, int]:
    """Furnish the current shop, which has sold nothing, and sell for some days; return how often what was done."""
    shop = Shop(random, days)
    for number in range(days):
        shop.sell_a_day(FIRST_DAY + timedelta(days=number))
    return shop.done


class Shop:
    """A shop with its tills, its goods and what it has sold."""

    def __init__(self, random: Random, days: int) -> None:
        self.random, self.days = random, days
        self.done: dict[str, int] = {}
        self.sold: list[Any] = []
        self._make_taxes()
        self.registers = [self._register(currency, zone) for currency, zone in PLACES]
        self.skus = [self._variant(number) for number in range(GOODS)]
        self._make_lists()

    def sell_a_day(self, day: date) -> None:
        for register in self.registers:
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
            for _ in range(self.random.randint(1, 5)):
                moment += timedelta(minutes=self.random.randint(1, 280))
                self._sell(register, moment)
            if self.random.random() < 0.7:
                self._take_back(register, moment + timedelta(minutes=5))

    def _sell(self, register: Any, moment: datetime) -> None:
        from pos.orders.quotes import quote
        from pos.orders.services.placing import place_order
        from pos.orders.services.voiding import void_order

        lines = [self._line() for _ in range(self.random.randint(1, 5))]
        discounts = self._discounts() if self.random.random() < 0.3 else []
        by = self.random.choice(["cash", "cash", "card", "account", "split", "nothing"])
        quoted = quote(
            register=register,
            lines=lines,
            discounts=discounts,
            occurred_at=moment,
            tender_type=by if by == "cash" else "",
        )
        tenders = [] if by == "nothing" else self._tenders(by, quoted.total)
        order = place_order(
            id=_id(), register=register, device=None, lines=lines, discounts=discounts, tenders=tenders,
            occurred_at=moment, now=moment, fingerprint="", training=self.random.random() < 0.05,
        )  # fmt: skip
        if by != "split" and (tenders or not quoted.rounding_adjustment):
            assert (order.total, order.tax_total, order.price_list_id) == (
                quoted.total, quoted.tax_total, quoted.price_list_id,
            )  # fmt: skip
        self._count("orders" if order.receipt_number else "orders left unpaid")
        if order.status == order.Status.COMPLETED and not order.training:
            self.sold.append(order.id)
        elif order.status == order.Status.PLACED and not tenders:
            void_order(order_id=order.id, reason="changed their mind", register=register, now=moment)

    def _take_back(self, register: Any, moment: datetime) -> None:
        from pos.models import Order
        from pos.returns.lines import ReturnLineInput
        from pos.returns.services import complete_return

        here = [each for each in self.sold[-60:] if self.random.random() < 0.3]
        order = Order.objects.filter(id__in=here, register=register).order_by("id").first()
        lines = []
        if order is not None:
            for line in order.lines.order_by("number"):
                left = line.quantity - line.returned_quantity
                part = left if self.random.random() < 0.5 else (left / 2).quantize(Decimal("0.001"))
                if part > 0 and self.random.random() < 0.7:
                    lines.append(ReturnLineInput(id=_id(), quantity=part, restock=False, order_line_id=line.id))
        elif self.random.random() < 0.3:
            sku, price = self.random.choice(self.skus), Decimal(self.random.randint(1, 3000))
            lines = [ReturnLineInput(id=_id(), quantity=Decimal(1), restock=False, sku=sku, unit_price=price)]
        if lines:
            complete_return(
                id=_id(), register=register, order_id=order.id if order else None, lines=lines, occurred_at=moment,
                now=moment, fingerprint="",
            )  # fmt: skip
            self._count("returns")

    def _line(self) -> Any:
        from pos.orders.lines import OrderLineInput

        discounts = self._discounts() if self.random.random() < 0.2 else []
        quantity = self.random.choice(
            [Decimal(self.random.randint(1, 12)), Decimal(self.random.randint(1, 5000)).scaleb(-3)]
        )
        if self.random.random() < 0.15:
            price = Decimal(self.random.randint(1, 5_000_000)).scaleb(-3)
            name = self.random.choice(list(TAXES))
            return OrderLineInput(
                id=_id(), quantity=quantity, description="x", tax_rate=name, unit_price=price, discounts=discounts
            )
        price = Decimal(self.random.randint(0, 9000)) if self.random.random() < 0.1 else None
        sku = self.random.choice(self.skus)
        return OrderLineInput(id=_id(), quantity=quantity, sku=sku, unit_price=price, discounts=discounts)

    def _discounts(self) -> Sequence[Any]:
        from pos.orders.discounts import DiscountInput

        some = [Decimal(100), Decimal(10), Decimal("12.5"), Decimal(self.random.randint(1, 999_999)).scaleb(-4)]
        return [DiscountInput(percent=self.random.choice(some)) for _ in range(self.random.randint(1, 2))]

    def _tenders(self, by: str, total: int) -> Sequence[Any]:
        from pos.orders.tenders import TenderInput

        if not total:
            return []
        if by == "cash":
            return [TenderInput(id=_id(), type="cash", amount=total + self.random.randint(0, 5) * 1000)]
        if by != "split" or total < 2:
            return [TenderInput(id=_id(), type="card" if by == "split" else by, amount=total)]
        part = self.random.randint(1, total - 1)
        return [
            TenderInput(id=_id(), type="card", amount=part),
            TenderInput(id=_id(), type="cash", amount=total - part + 1000),
        ]

    def _make_taxes(self) -> None:
        from pos.models import TaxClass, TaxRate, TaxRule, TenderType

        for name, rates in TAXES.items():
            made = TaxClass.objects.create(name=name)
            for number, (code, rate, inclusive, on_top) in enumerate(rates, start=1):
                version = TaxRate.objects.create(name=f"{name} {code}", code=code, rate=rate, inclusive=inclusive)
                TaxRule.objects.create(tax_class=made, rate=version, sequence=number, on_top=on_top)
        TenderType.objects.filter(code="cash").update(rounding_step=5)

    def _register(self, currency: str, zone: str) -> Any:
        from pos.cash.services import open_shift
        from pos.models import Location, Register
        from pos.profile.services import put_profile

        put_profile(values={"cut_over_hour": 4})
        level = self.random.choice(["LINE", "ORDER"])
        location = Location.objects.create(
            code=currency, name=currency, currency=currency, timezone=zone, rounding_level=level
        )
        register = Register.objects.create(code=f"T{currency}", name="Till", location=location)
        opened = datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC)
        open_shift(id=_id(), register=register, float_amount=0, now=opened)
        return register

    def _variant(self, number: int) -> str:
        from pos.catalogue.services import Item, put_item

        name = list(TAXES)[number % len(TAXES)]
        price = self.random.randint(1, 9000)
        put_item(item=Item(sku=f"S{number}", name=f"Goods {number}", price=price, tax_rate=name, stocked=False))
        return f"S{number}"

    def _make_lists(self) -> None:
        from pos.models import PriceEntry, PriceList, Variant

        variants = list(Variant.objects.all())
        default = PriceList.objects.get(is_default=True)
        for number, register in enumerate(self.registers):
            currency = register.location.currency
            if currency != default.currency:
                base = PriceList.objects.create(
                    name=f"All in {currency}",
                    currency=currency,
                    split_at=datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC),
                    location=None if number else register.location,
                )
                PriceEntry.objects.bulk_create(
                    PriceEntry(price_list=base, variant=each, price=each.price) for each in variants
                )
            for begin in range(0, self.days, PROMOTION):
                made = PriceList.objects.create(
                    name=f"{register.code} from {begin}",
                    currency=currency,
                    tax_included=self.random.random() < 0.5,
                    location=register.location if number else None,
                    priority=self.random.randint(1, 4),
                    valid_from=datetime.combine(FIRST_DAY + timedelta(days=begin), datetime.min.time()),
                    valid_to=datetime.combine(FIRST_DAY + timedelta(days=begin + 20), datetime.min.time()),
                )
                for variant in self.random.sample(variants, GOODS // 2):
                    for minimum in self.random.sample([0, 1, 3, 10], 2):
                        price = Decimal(self.random.randint(1, 900_000)).scaleb(-2)
                        PriceEntry.objects.create(
                            price_list=made, variant=variant, minimum_quantity=minimum, price=price
                        )

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1


def _new_shop() -> str:
    from benchmarks.stack import manage
    from kernel.tenancy import find_any_tenant, in_tenant
    from pos.furnishing import furnish_shop

    name = f"days{int(time.time())}"
    manage("tenant", "create", name, "--currency", "EUR")
    with in_tenant(find_any_tenant(name)):
        furnish_shop(name=name, currency="EUR", timezone="UTC")
    return name


def _id() -> Any:
    from kernel.ids import new_id

    return new_id()


if __name__ == "__main__":
    main()
