"""Which price list wins: one for each variant, quantity, place and moment."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos.pricing.lists import Offer, PriceList, Step, in_force, offer_of, offers_of

HERE, THERE = UUID(int=1), UUID(int=2)
NOON = datetime.fromisoformat("2026-11-23T12:00")
LATER = NOON + timedelta(seconds=1)
LONG_AGO, THEN = NOON - timedelta(days=900), NOON - timedelta(days=500)
DEFAULT = PriceList(id=UUID(int=9), currency="EUR", is_default=True)


def a_list(number: int, **more: object) -> PriceList:
    return PriceList(**{"id": UUID(int=number), "currency": "EUR", "inclusive": True, **more})  # type: ignore[arg-type]


def holding(*lists: PriceList, moment: datetime = NOON, currency: str = "EUR") -> list[int]:
    found = in_force(lists, location_id=HERE, currency=currency, moment=moment)
    return [each.id.int for each in found]


def step(price_list: PriceList, minimum: str, price: int) -> Step:
    return Step(list_id=price_list.id, minimum=Decimal(minimum), price=Decimal(price))


def test_the_larger_priority_is_asked_first_then_the_own_list_then_that_of_all_then_the_default() -> None:
    lists = (
        a_list(1, priority=5),
        a_list(2, priority=5, location_id=HERE),
        a_list(3, priority=6),
        a_list(4, priority=7, location_id=THERE),
        DEFAULT,
    )

    assert {tuple(holding(*some)) for some in permutations(lists)} == {(3, 2, 1, 9)}


@pytest.mark.parametrize(
    ("of_list", "holds"),
    [
        ({}, True),
        ({"valid_from": NOON}, True),
        ({"valid_from": LATER}, False),
        ({"valid_to": NOON}, False),
        ({"valid_to": LATER}, True),
        ({"valid_from": LONG_AGO, "valid_to": THEN}, False),
        ({"location_id": HERE}, True),
        ({"location_id": THERE}, False),
        ({"currency": "USD"}, False),
    ],
)
def test_a_list_holds_at_its_place_in_its_currency_from_its_begin_to_before_its_end(
    of_list: dict[str, object], *, holds: bool
) -> None:
    assert (holding(a_list(1, **of_list), DEFAULT) == [1, 9]) is holds
    assert holding(DEFAULT) == [9]
    assert holding(DEFAULT, currency="USD") == []


def test_the_highest_step_that_a_quantity_reaches_counts_of_the_first_list_that_has_one() -> None:
    sale = a_list(1, priority=1)
    steps = [step(sale, "3", 900), step(sale, "10", 700), step(DEFAULT, "0", 1000), step(DEFAULT, "6", 500)]

    def price(quantity: str) -> int:
        offer = offer_of(steps, (sale, DEFAULT), quantity=Decimal(quantity))
        return int(offer.price) if offer else -1

    asked = ("0.001", "2.999", "3", "9.999", "10", "1000")
    assert [price(quantity) for quantity in asked] == [1000, 1000, 900, 900, 700, 700]
    assert [(int(each.step.minimum), int(each.price)) for each in offers_of(steps, (sale, DEFAULT))] == [
        (0, 1000),
        (3, 900),
        (10, 700),
    ]


def test_goods_that_no_list_in_force_has_a_step_of_have_no_price() -> None:
    assert offer_of([step(a_list(1), "0", 900)], (DEFAULT,), quantity=Decimal(1)) is None
    assert offer_of([step(DEFAULT, "2", 900)], (DEFAULT,), quantity=Decimal(1)) is None
    assert offers_of([], (DEFAULT,)) == []


moments = st.one_of(st.none(), st.integers(1, 6).map(lambda hour: NOON + timedelta(hours=hour)))
places = st.sampled_from([None, HERE, THERE])


@st.composite
def shops(draw: st.DrawFn) -> tuple[list[PriceList], list[Step]]:
    """Draw lists that the database's constraint would take, and steps of one variant."""
    lists = [DEFAULT]
    for number in range(draw(st.integers(0, 5))):
        begin, end = draw(moments), draw(moments)
        each = a_list(
            number + 10,
            priority=draw(st.integers(0, 2)),
            location_id=draw(places),
            valid_from=begin if begin is None or end is None or begin < end else None,
            valid_to=end,
        )
        if not any(overlap(each, other) for other in lists):
            lists.append(each)
    steps = [
        step(price_list, str(minimum), draw(st.integers(0, 10)))
        for price_list in lists
        for minimum in draw(st.lists(st.integers(0, 4), unique=True))
    ]
    return lists, steps


def overlap(one: PriceList, other: PriceList) -> bool:
    if other.is_default or (one.location_id, one.priority) != (other.location_id, other.priority):
        return False
    early, late = LONG_AGO, NOON + timedelta(days=900)
    begin = max(one.valid_from or early, other.valid_from or early)
    return begin < min(one.valid_to or late, other.valid_to or late)


@given(shops(), st.integers(0, 5), st.integers(0, 7), st.randoms(use_true_random=False))
def test_there_is_one_winner_whatever_the_order_in_which_lists_and_steps_come(
    shop: tuple[list[PriceList], list[Step]],
    quantity: int,
    hour: int,
    random: object,
) -> None:
    lists, steps = shop
    moment = NOON + timedelta(hours=hour)

    def found() -> Offer | None:
        ranked = in_force(lists, location_id=HERE, currency="EUR", moment=moment)
        return offer_of(steps, ranked, quantity=Decimal(quantity))

    first = found()
    random.shuffle(lists)  # type: ignore[attr-defined]
    random.shuffle(steps)  # type: ignore[attr-defined]
    ranks = [
        (each.is_default, each.priority, each.location_id is None)
        for each in in_force(lists, location_id=HERE, currency="EUR", moment=moment)
    ]

    assert found() == first
    assert len(set(ranks)) == len(ranks)
    if first is not None:
        cheaper = [s for s in steps if s.list_id == first.list.id and first.step.minimum < s.minimum <= quantity]
        assert cheaper == []
