"""Amounts that are right, by hand: the rows AM1 to AM10 of the pricing engine."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from pos.pricing.cash import cash_adjustment
from pos.pricing.discounts import Discount, DiscountTooLarge, Kind
from pos.pricing.engine import Line, PricedOrder, price_order
from pos.pricing.rounding import share
from pos.pricing.taxes import Level, Rate

PERCENT = 10_000


def line(number: int, price: str, *rates: Rate, quantity: str = "1", discounts: tuple[Discount, ...] = ()) -> Line:
    unit_price = Decimal(price)
    return Line(
        id=UUID(int=number), quantity=Decimal(quantity), unit_price=unit_price, rates=rates, discounts=discounts
    )


def vat(percent: str) -> Rate:
    return Rate(1, "VAT", int(Decimal(percent) * PERCENT))


def added(lines: list[Line], level: Level) -> PricedOrder:
    return price_order([replace(each, inclusive=False) for each in lines], level=level)


def percent(value: int) -> Discount:
    return Discount(kind=Kind.PERCENT, value=value * PERCENT)


def amount(value: int) -> Discount:
    return Discount(kind=Kind.AMOUNT, value=value)


@pytest.mark.parametrize(("level", "total"), [(Level.LINE, 1134), (Level.ORDER, 1133)])
def test_am1_three_lines_with_21_percent_on_top(level: Level, total: int) -> None:
    priced = added([line(number, "312", vat("21")) for number in (1, 2, 3)], level)

    assert priced.total == total
    assert [each.total for each in priced.lines] == ([378, 378, 378] if level is Level.LINE else [378, 378, 377])


@pytest.mark.parametrize(("level", "total"), [(Level.LINE, 3800), (Level.ORDER, 3798)])
def test_am2_ten_lines_with_five_and_a_half_percent(level: Level, total: int) -> None:
    assert added([line(number, "360", vat("5.5")) for number in range(10)], level).total == total
    assert added([line(1, "360", vat("5.5"), quantity="10")], level).total == 3798


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("inclusive", [True, False])
def test_am3_a_discount_of_100_percent_leaves_nothing(level: Level, *, inclusive: bool) -> None:
    lines = [line(1, "333", vat("21")), line(2, "1", vat("7"), quantity="0.333")]
    lines = [replace(each, inclusive=inclusive) for each in lines]

    priced = price_order(lines, level=level, discounts=[percent(100)])

    assert (priced.total, priced.tax_total, priced.subtotal) == (0, 0, 0)


def test_am4_fuel_has_a_unit_price_with_fractions() -> None:
    priced = price_order([line(1, "165.9", vat("19"), quantity="37.42")], level=Level.LINE)

    assert (priced.total, priced.tax_total) == (6208, 991)


def test_am5_three_decimals_and_am6_none_are_whole_minor_units_alike() -> None:
    dinars = price_order([line(1, "1659", quantity="3")], level=Level.LINE)
    yen = price_order([line(1, "333", vat("10"), quantity="3")], level=Level.LINE)

    assert dinars.total == 4977
    assert (yen.total, yen.tax_total) == (999, 91)


def test_am7_an_order_discount_is_given_back_line_by_line() -> None:
    priced = price_order([line(1, "333", quantity="3")], level=Level.LINE, discounts=[percent(10)])
    given = [share(priced.total, part=Decimal(number), whole=Decimal(3)) for number in (0, 1, 2, 3)]

    assert (priced.discount_total, priced.total) == (100, 899)
    assert [after - before for before, after in zip(given, given[1:], strict=False)] == [300, 299, 300]


def test_am8_an_order_discount_is_shared_out_by_largest_remainder() -> None:
    lines = [line(1, "333"), line(2, "333"), line(3, "334")]

    priced = price_order(lines, level=Level.LINE, discounts=[amount(100)])

    assert [(each.order_discount, each.total) for each in priced.lines] == [(33, 300), (33, 300), (34, 300)]


@pytest.mark.parametrize("level", Level)
def test_am9_two_taxes_side_by_side_and_on_top(level: Level) -> None:
    gst = Rate(1, "GST", 50_000)
    beside, on_top = Rate(2, "QST", 99_750), Rate(2, "QST", 95_000, on_top=True)

    first = added([line(1, "10000", gst, beside)], level).lines[0]
    second = added([line(1, "10000", on_top, gst)], level).lines[0]

    assert [(tax.base, tax.amount) for tax in first.taxes] == [(10000, 500), (10000, 998)]
    assert [(tax.base, tax.amount) for tax in second.taxes] == [(10000, 500), (10500, 998)]


@pytest.mark.parametrize(("due", "paid"), [(1237, 1235), (1238, 1240), (1233, 1235), (0, 0)])
def test_am10_francs_are_paid_in_steps_of_five(due: int, paid: int) -> None:
    assert due + cash_adjustment(due, step=5) == paid
    assert cash_adjustment(due, step=1) == 0


@pytest.mark.parametrize("level", Level)
def test_lines_whose_price_contains_a_tax_and_others_of_the_same_tax_are_in_one_order(level: Level) -> None:
    lines = [line(1, "333", vat("21")), replace(line(2, "333", vat("21")), inclusive=False), line(3, "334", vat("21"))]

    priced = price_order(lines, level=level)

    assert [(each.total, each.tax_total) for each in priced.lines] == [(333, 58), (403, 70), (334, 58)]


def test_a_discount_of_more_than_there_is_names_what_is_left() -> None:
    with pytest.raises(DiscountTooLarge, match="a discount of 200 is more than the 133 that it is taken off"):
        price_order([line(1, "333", discounts=(amount(200), amount(200)))], level=Level.LINE)


@pytest.mark.parametrize(("quantity", "price"), [("0.0001", "1"), ("1", "0.0000001")])
def test_more_decimals_than_the_books_have_are_refused(quantity: str, price: str) -> None:
    with pytest.raises(ValueError, match="has more than"):
        price_order([line(1, price, quantity=quantity)], level=Level.LINE)
