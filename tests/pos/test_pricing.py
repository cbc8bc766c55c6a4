"""Pricing: properties that hold for every price, quantity and rate."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kernel.money import round_half_up, written
from pos.pricing import Tax, price_line, share

quantities = st.decimals(min_value="0.001", max_value="10000", places=3)
prices = st.integers(min_value=0, max_value=10**7)
rates = st.decimals(min_value="0", max_value="0.999999", places=6)


def tax(rate: Decimal, *, inclusive: bool = True) -> Tax:
    return Tax(name="VAT", rate=rate, inclusive=inclusive)


@given(quantities, prices, rates, rates)
def test_with_inclusive_prices_the_total_does_not_depend_on_the_rate(
    quantity: Decimal, price: int, rate: Decimal, other: Decimal
) -> None:
    first = price_line(quantity=quantity, unit_price=price, tax=tax(rate))
    second = price_line(quantity=quantity, unit_price=price, tax=tax(other))

    assert first.total == second.total == round_half_up(quantity * price)


@given(quantities, prices, rates)
def test_exclusive_tax_comes_on_top(quantity: Decimal, price: int, rate: Decimal) -> None:
    priced = price_line(quantity=quantity, unit_price=price, tax=tax(rate, inclusive=False))

    assert priced.total - priced.tax_total == round_half_up(quantity * price)
    assert priced.tax_total == round_half_up((priced.total - priced.tax_total) * rate)


@given(quantities, prices, rates, st.booleans())
def test_nothing_is_negative_and_tax_never_exceeds_the_total(
    quantity: Decimal, price: int, rate: Decimal, inclusive: bool
) -> None:
    priced = price_line(quantity=quantity, unit_price=price, tax=tax(rate, inclusive=inclusive))

    assert 0 <= priced.tax_total <= priced.total


@given(st.integers(0, 10**9), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_any_split_of_a_full_return_gives_back_exactly_what_was_paid(total: int, parts: list[int]) -> None:
    whole, running, given_back = Decimal(sum(parts)), Decimal(0), 0
    for part in parts:
        running += part
        given_back += share(total, part=running, whole=whole) - given_back

    assert given_back == total


def test_quantities_are_written_for_people() -> None:
    assert written(Decimal("2.000")) == "2"
    assert written(Decimal("0.125")) == "0.125"
