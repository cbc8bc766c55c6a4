"""What holds for every order: P1 to P7 and P9, and that a line alone is priced as it was before."""

from collections import Counter
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from pos.pricing.cash import cash_adjustment
from pos.pricing.discounts import Discount, Kind
from pos.pricing.engine import Line, PricedOrder, price_order
from pos.pricing.rounding import allocate, rounded, share
from pos.pricing.taxes import Level, Rate, taxes_of_part

RATES = [Rate(1, "GST", 50_000), Rate(2, "QST", 99_750), Rate(3, "ECO", 7_700, on_top=True), Rate(1, "VAT", 210_000)]
quantities = st.decimals("0.001", "5000", places=3)
prices = st.decimals("0", "100000", places=4)
percentages = st.builds(Discount, kind=st.just(Kind.PERCENT), value=st.integers(0, 1_000_000))
inclusives = st.booleans()
smallest = st.lists(st.integers(0, 3), min_size=1, max_size=12)
tax_shares = st.integers(1, 400_000)
many_taxes = st.lists(st.tuples(st.integers(1, 999_999), inclusives), max_size=6)
rates = st.lists(st.sampled_from(RATES), unique=True).map(tuple)


@st.composite
def baskets(draw: st.DrawFn) -> list[Line]:
    ids = draw(st.lists(st.integers(0, 2**128 - 1), min_size=1, max_size=8, unique=True))
    return [
        Line(
            id=UUID(int=number),
            quantity=draw(quantities),
            unit_price=draw(prices),
            rates=draw(rates),
            inclusive=draw(inclusives),
            discounts=tuple(draw(st.lists(percentages, max_size=2))),
        )
        for number in ids
    ]


levels, off = st.sampled_from(Level), st.lists(percentages, max_size=2)


def by_tax(priced: PricedOrder) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in priced.lines:
        for tax in line.taxes:
            found[tax.rate.code] += tax.amount
    return found


@given(baskets(), levels, off)
def test_p1_p2_p3_p6_the_parts_of_an_order_sum_to_it(
    lines: list[Line], level: Level, discounts: list[Discount]
) -> None:
    priced = price_order(lines, level=level, discounts=discounts)

    assert sum(line.total for line in priced.lines) == priced.total
    assert sum(line.tax_total for line in priced.lines) == priced.tax_total == sum(by_tax(priced).values())
    for line, asked in zip(priced.lines, lines, strict=True):
        added = 0 if asked.inclusive else line.tax_total
        assert line.gross - line.discount - line.order_discount + added == line.total
        assert min(line.gross, line.discount, line.order_discount, line.total, line.total - line.tax_total) >= 0
        assert all(tax.amount >= 0 for tax in line.taxes)


def priced_with(rates: tuple[Rate, ...], amounts: list[int], *, level: Level, inclusive: bool) -> PricedOrder:
    """Price lines of one piece each, all with the same taxes: whatever these are, no amount is below zero."""
    lines = [
        Line(id=UUID(int=number), quantity=Decimal(1), unit_price=Decimal(amount), rates=rates, inclusive=inclusive)
        for number, amount in enumerate(amounts)
    ]

    priced = price_order(lines, level=level)

    for line, amount in zip(priced.lines, amounts, strict=True):
        assert line.total == amount + (0 if inclusive else line.tax_total)
        assert 0 <= line.tax_total <= line.total
        assert all(tax.amount >= 0 and tax.base >= 0 for tax in line.taxes)
    assert priced.subtotal + priced.tax_total == priced.total
    assert sum(by_tax(priced).values()) == priced.tax_total
    return priced


@example(amounts=[1, 1, 1, 1], first=200_000, second=200_000, level=Level.ORDER, inclusive=True)
@given(smallest, tax_shares, tax_shares, levels, inclusives)
def test_two_taxes_of_the_smallest_amounts_leave_no_line_below_zero(
    amounts: list[int],
    first: int,
    second: int,
    level: Level,
    inclusive: bool,  # noqa: FBT001
) -> None:
    two = (Rate(1, "A", first), Rate(2, "B", second))

    priced_with(two, amounts, level=level, inclusive=inclusive)


@example(amounts=[3], shares=[(500_000, False)] * 4, level=Level.LINE, inclusive=True)
@example(amounts=[3], shares=[(500_000, False)] * 4, level=Level.ORDER, inclusive=True)
@given(smallest, many_taxes, levels, inclusives)
def test_p6_however_many_taxes_a_price_has_its_net_is_not_below_zero(
    amounts: list[int],
    shares: list[tuple[int, bool]],
    level: Level,
    inclusive: bool,  # noqa: FBT001
) -> None:
    many = tuple(Rate(place, f"T{place}", share, on_top=on_top) for place, (share, on_top) in enumerate(shares, 1))

    priced = priced_with(many, amounts, level=level, inclusive=inclusive)

    for line in priced.lines:
        assert sum(tax.amount for tax in line.taxes) == line.tax_total
        most = Fraction(1, 2) if level is Level.LINE and line.total > line.tax_total else 1
        if inclusive and len(many) > 1:
            for tax in line.taxes:
                rate = Fraction(tax.rate.rate, 10**6)
                assert abs(tax.amount - tax.base * rate) <= most * (1 + len(many) * rate)
    assert sum(line.total for line in priced.lines) == priced.total


@given(baskets(), levels, off)
def test_p4_what_a_customer_pays_does_not_depend_on_taxes_that_prices_contain(
    lines: list[Line], level: Level, discounts: list[Discount]
) -> None:
    lines = [replace(line, inclusive=True) for line in lines]
    untaxed = [replace(line, rates=()) for line in lines]

    with_taxes = price_order(lines, level=level, discounts=discounts)
    without = price_order(untaxed, level=level, discounts=discounts)

    assert [line.total for line in with_taxes.lines] == [line.total for line in without.lines]


@given(baskets(), levels)
def test_p5_a_hundred_percent_off_leaves_nothing(lines: list[Line], level: Level) -> None:
    priced = price_order(lines, level=level, discounts=[Discount(kind=Kind.PERCENT, value=10**6)])

    assert (priced.total, priced.tax_total) == (0, 0)


@given(baskets(), levels, off, st.randoms(use_true_random=False))
def test_p7_the_order_of_the_lines_makes_no_difference(
    lines: list[Line], level: Level, discounts: list[Discount], random: Random
) -> None:
    shuffled = random.sample(lines, len(lines))

    first = price_order(lines, level=level, discounts=discounts)
    second = price_order(shuffled, level=level, discounts=discounts)

    assert {line.id: line for line in first.lines} == {line.id: line for line in second.lines}


@given(st.dictionaries(st.uuids(), st.fractions(0, 10**9), min_size=1, max_size=20))
def test_p7_parts_sum_exactly_and_are_within_one_unit(exact: dict[UUID, Fraction]) -> None:
    whole = sum(exact.values(), Fraction(0))
    total = rounded(whole.numerator, whole.denominator)

    parts = allocate(total, exact)

    assert sum(parts.values()) == total
    assert all(abs(parts[key] - exact[key]) < 1 for key in exact)


@given(st.lists(st.uuids(), min_size=2, max_size=6, unique=True))
def test_p7_of_equal_remainders_the_smaller_ids_are_rounded_up(ids: list[UUID]) -> None:
    parts = allocate(rounded(len(ids), 2), dict.fromkeys(ids, Fraction(1, 2)))

    assert sorted(key for key, part in parts.items() if part) == sorted(ids)[: rounded(len(ids), 2)]


@given(baskets(), inclusives, off)
def test_a_tax_rounded_once_is_at_most_half_a_unit_from_the_exact_one(
    lines: list[Line],
    inclusive: bool,
    discounts: list[Discount],  # noqa: FBT001
) -> None:
    plain = [replace(line, rates=(RATES[3],), inclusive=inclusive) for line in lines]

    priced = price_order(plain, level=Level.ORDER, discounts=discounts)

    paid = sum(line.gross - line.discount - line.order_discount for line in priced.lines)
    exact = Fraction(paid * 21, 121 if inclusive else 100)
    assert abs(priced.tax_total - exact) <= Fraction(1, 2)


@given(st.integers(0, 10**12), st.integers(1, 100))
def test_p9_cash_is_rounded_by_at_most_half_a_step(due: int, step: int) -> None:
    adjustment = cash_adjustment(due, step=step)

    assert abs(adjustment) * 2 <= step
    assert (due + adjustment) % step == 0


@given(quantities, st.integers(0, 10**7), st.integers(0, 10**6), inclusives)
def test_a_line_with_one_tax_is_what_decimal_arithmetic_says(
    quantity: Decimal,
    price: int,
    rate: int,
    inclusive: bool,  # noqa: FBT001
) -> None:
    line = Line(id=UUID(int=1), quantity=quantity, unit_price=Decimal(price), rates=(Rate(1, "VAT", rate),))
    line = replace(line, inclusive=inclusive)

    priced = price_order([line], level=Level.LINE).lines[0]

    part = Decimal(rate) / 10**6
    amount = (quantity * price).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    tax = Fraction(int(amount)) * Fraction(part) / (1 + Fraction(part) if inclusive else 1)
    assert priced.tax_total == rounded(tax.numerator, tax.denominator)
    assert priced.total == amount + (0 if inclusive else priced.tax_total)


@given(st.integers(0, 10**9), st.lists(st.decimals("0.001", "100", places=3), min_size=1, max_size=10))
def test_r3_however_a_return_is_split_it_gives_back_what_was_paid(total: int, parts: list[Decimal]) -> None:
    whole, returned, given_back = sum(parts, Decimal(0)), Decimal(0), 0
    for part in parts:
        returned += part
        given_back += share(total, part=returned, whole=whole) - given_back

    assert given_back == total


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 4), st.integers(1, 8))
@example([1, 1], 0, 2)
@example([1], 2, 4)
def test_r4_taxes_of_a_part_fit_into_it_and_all_parts_have_the_taxes_of_the_whole(
    taxes: list[int], net: int, pieces: int
) -> None:
    total, given_back, left = sum(taxes) + net, 0, list(taxes)
    for number in range(1, pieces + 1):
        part = share(total, part=Decimal(number), whole=Decimal(pieces)) - given_back

        amounts = taxes_of_part(part, left, whole=total - given_back)

        assert sum(amounts) <= part
        assert min(amounts) >= 0
        given_back += part
        left = [tax - amount for tax, amount in zip(left, amounts, strict=True)]
    assert left == [0] * len(taxes)
