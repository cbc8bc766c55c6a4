"""The search of the admin finds orders and returns by what is on a receipt, by an index (SH11)."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.db import connection

from demo.filling import FILLED, fill
from pos.models import Order, Refund, Return
from tenants.models import Tenant
from tests.support import make
from tests.support.explaining import Explaining
from tests.support.people import owner
from tests.support.pricing import set_currency


def _found(kind: str, text: str) -> set[str]:
    page = owner().get(f"/admin/pos/{kind}/", {"q": text})
    assert page.status_code == 200
    return set(re.findall(r">([A-Z][A-Z0-9]*-R?[0-9]{6})</a>", page.content.decode()))


@pytest.fixture
def sold(shop: Tenant) -> tuple[Order, Order, Return]:  # noqa: ARG001
    make.variant()
    first, second = make.order(make.cash(1000), email="Ada@shop.example"), make.order(make.cash(1000))
    return first, second, make.return_(second, make.returning(second))


def test_sh11_a_receipt_finds_its_order(sold: tuple[Order, Order, Return]) -> None:
    first, second, _ = sold
    texts = ("R1-000001", "r1-1", "1", "000001", "ada@SHOP.example", str(first.id), f" {first.id} 1 ")

    assert [_found("order", text) for text in texts] == [{"R1-000001"}] * len(texts)
    assert _found("order", "") == {"R1-000001", "R1-000002"}
    for nothing in ("R1-000018", "R1-R000001", "R9-000001", "9" * 30, "ada", "@", f"{first.id} 2", str(sold[2].id)):
        assert _found("order", nothing) == set(), nothing


def test_sh11_the_receipts_of_a_return_and_of_its_order_find_the_return(sold: tuple[Order, Order, Return]) -> None:
    first, second, returned = sold

    for text in ("R1-R000001", "r1-r1", "1", "R1-000002", str(returned.id), str(second.id)):
        assert "R1-R000001" in _found("return", text), text
    for nothing in ("R1-R000002", "R1-000001", str(first.id), "2"):
        assert _found("return", nothing) == set(), nothing


def test_sh11_the_search_reads_no_table_from_end_to_end(shop: Tenant) -> None:
    with connection.cursor() as cursor:
        fill(cursor, variants=2_000, orders=4_000)
    email = Order.objects.exclude(customer_email="").order_by("id")[20].customer_email
    person = owner()

    for kind, text, index in (
        ("order", "R1-003018", "order_receipt_number_unique"),
        ("order", "3018", "order_receipt_number_unique"),
        ("order", email, "order_by_customer_email"),
        ("return", "R1-R002001", "return_number_unique"),
        ("return", "R1-002001", "order_receipt_number_unique"),
        ("refund", "R1-002001", "order_receipt_number_unique"),
        ("refund", "50.01", "refund_by_amount"),
    ):
        explaining = Explaining()
        with connection.execute_wrapper(explaining):
            assert person.get(f"/admin/pos/{kind}/", {"q": text}).status_code == 200
        plans = "\n\n".join(plan for _, plan in explaining.read)
        found = [plan for plan in plans.split("\n\n") if f" {index}" in plan]
        assert found, (kind, text)
        assert [table for table in FILLED for plan in found if f"Seq Scan on {table} " in plan] == [], (kind, text)


def _keys_found(kind: str, *texts: str) -> list[list[UUID]]:
    """Search a list of the admin for each text; return the keys of what it shows."""
    client = owner()
    answers = [client.get(f"/admin/pos/{kind}/", {"q": text}) for text in texts]
    return [[row.pk for row in answer.context["cl"].result_list] for answer in answers]


def test_an_order_is_found_by_its_total(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    make.variant("TEA", 1250)
    make.order(make.cash(1000))
    tea = make.order(make.cash(1250), lines=[make.asked("TEA")])

    assert _keys_found("order", "12.50", "12.5") == [[tea.pk], []]


@dataclass(frozen=True)
class Typed:
    """1250 minor units as they are written in a currency, and ways in which they are not."""

    right: str
    wrong: tuple[str, str]


@pytest.fixture(
    params=[
        ("EUR", "12.50", ("12.5", "1250")),
        ("JPY", "1250", ("1250.00", "12.50")),
        ("KWD", "1.250", ("12.50", "1250")),
    ]
)
def typed(request: pytest.FixtureRequest, shop: Tenant) -> Typed:  # noqa: ARG001
    """Let the shop have a currency, and tea at 1250 minor units."""
    currency, right, wrong = request.param
    set_currency(currency)
    make.variant("TEA", 1250)
    return Typed(right, wrong)


def test_an_order_is_found_by_its_total_in_each_currency_of_the_shop(typed: Typed) -> None:
    tea = make.order(make.cash(1250), lines=[make.asked("TEA")])

    assert _keys_found("order", typed.right, *typed.wrong) == [[tea.pk], [], []]


def test_a_return_is_found_by_its_total_in_each_currency_of_the_shop(typed: Typed) -> None:
    order = make.order(make.cash(2500), lines=[make.asked("TEA", "2")])
    tea = make.return_(order, make.returning(order, "1"))
    make.return_(order, make.returning(order, "1"))
    Return.objects.exclude(pk=tea.pk).update(total=1300)

    assert _keys_found("return", typed.right, *typed.wrong) == [[tea.pk], [], []]


def test_a_refund_is_found_by_its_amount_in_each_currency_of_the_shop(typed: Typed) -> None:
    make.variant("MUG", 1000)
    for sku in ("TEA", "MUG"):
        order = make.order(make.cash(2500), lines=[make.asked(sku, "2")])
        make.return_(order, make.returning(order, "1"))
    cancelled = make.order(make.cash(1250), lines=[make.asked("TEA", "2")])
    make.void(cancelled)
    of_return, of_order = Refund.objects.filter(amount=1250).order_by("order")

    found = _keys_found("refund", typed.right, *typed.wrong)
    assert [set(keys) for keys in found] == [{of_return.pk, of_order.pk}, set(), set()]
