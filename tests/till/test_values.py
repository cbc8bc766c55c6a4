"""The till's arithmetic, run by the browser that runs the till: integers of minor units, and no floats."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browsing import serving
from tests.support.clerk import Clerk


@pytest.fixture(scope="module")
def clerk(chromium: Any, django_db_setup: None) -> Iterator[Clerk]:
    with serving() as served:
        clerk = chromium.clerk(f"http://north.localhost:{served.port}/static/till/till.css")
        clerk.open()
        yield clerk
        clerk.page.context.close()


@pytest.mark.parametrize(
    ("amount", "exponent", "text"),
    [
        (1250, 2, "12.50"), (5, 2, "0.05"), (-5, 2, "-0.05"), (0, 2, "0.00"), (-1250, 2, "-12.50"),
        (1000, 0, "1000"), (0, 0, "0"), (1659, 3, "1.659"), (1, 3, "0.001"), (1_000_000_000_000, 2, "10000000000.00"),
    ],
)  # fmt: skip
def test_sh7_an_amount_is_written_with_the_decimals_of_its_currency(
    clerk: Clerk, amount: int, exponent: int, text: str
) -> None:
    assert clerk.call("money", f"m.written({amount}, {exponent})") == text


def test_no_amount_is_a_fraction(clerk: Clerk) -> None:
    refused = "(() => { try { m.written(12.5, 2) } catch (error) { return error.name } })()"

    assert clerk.call("money", refused) == "RangeError"


@pytest.mark.parametrize(
    ("typed", "exponent", "amount"),
    [
        ("12.50", 2, 1250), ("12,5", 2, 1250), ("12", 2, 1200), ("12.", 2, 1200), (" 0.07 ", 2, 7), ("12.500", 2, 1250),
        ("12.505", 2, None), ("1000", 0, 1000), ("10.5", 0, None), ("10.0", 0, 10), ("1.659", 3, 1659),
        ("1.6", 3, 1600), ("", 2, None), ("-1", 2, None), ("1e3", 2, None), ("1.2.3", 2, None), ("abc", 2, None),
        ("10000000000", 2, 1_000_000_000_000), ("10000000000.01", 2, None), ("1.1", 2, 110), ("4.35", 2, 435),
    ],
)  # fmt: skip
def test_a_typed_amount_is_read_exactly(clerk: Clerk, typed: str, exponent: int, amount: int | None) -> None:
    assert clerk.call("money", f"m.read({typed!r}, {exponent})") == amount


@pytest.mark.parametrize(
    ("price", "exponent", "text"),
    [
        ("{amount: 1250}", 2, "12.50"), ("{amount_decimal: '165.9'}", 2, "1.659"),
        ("{amount_decimal: '0.5'}", 2, "0.005"), ("{amount_decimal: '12.5'}", 0, "12.5"),
    ],
)  # fmt: skip
def test_am4_a_unit_price_may_have_fractions(clerk: Clerk, price: str, exponent: int, text: str) -> None:
    assert clerk.call("money", f"m.priceWritten({price}, {exponent})") == text


def test_am10_cash_is_rounded_to_the_smallest_coin(clerk: Clerk) -> None:
    assert clerk.call("money", "[1237, 1238, 1233, 1240, 2, 3, 1237].map((due) => m.rounded(due, 5))") == [
        1235, 1240, 1235, 1240, 0, 5, 1235,
    ]  # fmt: skip
    assert clerk.call("money", "[m.rounded(1237, 1), m.rounded(15, 10), m.rounded(-15, 10)]") == [1237, 20, -20]


@pytest.mark.parametrize(
    ("due", "exponent", "sums"),
    [
        (2249, 2, [2249, 2500, 3000, 4000, 5000]),
        (1000, 0, [1000, 2000, 5000, 10000]),
        (1659, 3, [1659, 2000, 5000, 10000, 20000]),
        (0, 2, []),
    ],
)
def test_sums_are_suggested_that_notes_make(clerk: Clerk, due: int, exponent: int, sums: list[int]) -> None:
    assert clerk.call("money", f"m.handedOver({due}, {exponent})") == sums


@pytest.mark.parametrize(
    ("typed", "value"),
    [("2", 2000), ("0.250", 250), ("0,25", 250), (".5", 500), ("0", None), ("1.2345", None), ("x", None), ("", None),
     (".", None), ("-1", None), ("100000000", 100_000_000_000), ("100000001", None)],
)  # fmt: skip
def test_a_typed_quantity_is_read_into_thousandths(clerk: Clerk, typed: str, value: int | None) -> None:
    assert clerk.call("quantity", f"m.thousandths({typed!r})") == value


def test_quantities_are_written_without_zeros_that_say_nothing(clerk: Clerk) -> None:
    written = clerk.call(
        "quantity", "[m.written(2000), m.written(250), m.written(1050), m.short('2.000'), m.short('10')]"
    )

    assert written == ["2", "0.25", "1.05", "2", "10"]
    assert clerk.call("quantity", "[m.more('0.25', '0.5'), m.more('2'), m.less('2.5')]") == ["0.75", "3", "1.5"]


def test_ids_are_of_version_7_and_rise(clerk: Clerk) -> None:
    ids = clerk.call("ids", "Array.from({length: 500}, () => m.newId())")

    assert ids == sorted(set(ids))
    assert all(each[14] == "7" and each[19] in "89ab" for each in ids)
    (known,) = {clerk.call("ids", "m.newId(4000000000000)")[:13]}
    assert int(known.replace("-", ""), 16) == 4000000000000


TYPES = "new Map([['cash', {code: 'cash', kind: 'CASH', rounding_step: 5}], ['card', {code: 'card', kind: 'CARD', rounding_step: 1}], ['gateway', {code: 'gateway', kind: 'GATEWAY', rounding_step: 1}]])"


@pytest.mark.parametrize(
    ("taken", "due", "change", "pending"),
    [
        ("[]", 1237, 0, 0),
        ("[{id: 'a', type: 'cash', amount: 2000}]", 0, 765, 0),
        ("[{id: 'a', type: 'cash', amount: 1235}]", 0, 0, 0),
        ("[{id: 'a', type: 'cash', amount: 1234}]", 3, 0, 0),
        ("[{id: 'a', type: 'card', amount: 1237}]", 0, 0, 0),
        ("[{id: 'a', type: 'card', amount: 600}, {id: 'b', type: 'cash', amount: 700}]", 0, 65, 0),
        ("[{id: 'a', type: 'gateway', amount: 1237}]", 0, 0, 1237),
        ("[{id: 'a', type: 'card', amount: 1235}, {id: 'b', type: 'cash', amount: 2}]", 0, 0, 0),
    ],
)
def test_am10_what_is_due_is_counted_on_from_what_the_server_knows(
    clerk: Clerk, taken: str, due: int, change: int, pending: int
) -> None:
    so = clerk.call("tendering", f"m.standing({{taken: {taken}, order: null}}, 1237, {TYPES})")

    assert (so["due"], so["change"], so["pending"]) == (due, change, pending)


@pytest.mark.parametrize(
    ("commands", "sent"),
    [
        ("[]", None),
        ("[['a', 'waiting'], ['b', 'waiting']]", 1),
        ("[['a', 'refused'], ['a', 'waiting'], ['b', 'waiting']]", 3),
        ("[['a', 'refused'], ['a', 'waiting']]", None),
        ("[['a', 'waiting'], ['a', 'refused']]", 1),
    ],
)
def test_o3_a_refused_command_holds_up_only_what_belongs_to_it(clerk: Clerk, commands: str, sent: int | None) -> None:
    made = f"{commands}.map(([stream, state], place) => ({{stream, state, sequence: place + 1}}))"

    assert clerk.call("queue", f"m.next({made})?.sequence ?? null") == sent


def test_pauses_grow_and_what_the_server_asks_for_is_kept(clerk: Clerk) -> None:
    assert clerk.call("queue", "[1, 2, 3, 9].map((n) => m.pause(n))") == [1, 2, 4, 30]
    assert clerk.call("queue", "m.pause(1, 7)") == 7


@pytest.mark.parametrize(
    ("code", "is_receipt"),
    [("R1-000018", True), ("R1-R000007", True), ("R1-T-000001", True), ("4006381333955", False), ("MUG-01", False)],
)
def test_the_number_of_a_receipt_is_told_from_goods(clerk: Clerk, code: str, is_receipt: bool) -> None:
    assert clerk.call("scan", f"m.isReceipt({code!r})") is is_receipt
