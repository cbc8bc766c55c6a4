"""A price below the shop's that a till says it was shown: explained by what lists have had, or an exception."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kernel.ids import new_id
from pos.catalogue.services import archive_variant
from pos.models import ExceptionCase, Order, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import Person, StaffedTerminal, person, set_rule
from tests.support.selling import exchange, kinds, sale, send, shift_of_now, snapshot


@pytest.fixture
def anna(shop: Tenant) -> Person:
    make.variant("MUG", 1000)
    set_rule("cashier", "price_override", "approval")
    return person("ANNA")


@pytest.fixture
def till(anna: Person) -> StaffedTerminal:
    till = StaffedTerminal().sign_in(anna)
    shift_of_now()
    return till


def shown_at(price: int, quantity: str = "1", **more: Any) -> dict[str, Any]:
    """Return a sale of mugs at what the till says that it was shown."""
    lines = [{"sku": "MUG", "quantity": quantity, "snapshot": snapshot(price)}]
    return sale(lines=lines, tenders=[{"type": "cash", "amount": {"amount": 100_000}}], **more)


def test_a_price_that_the_shop_never_had_is_an_exception_that_names_who_sold(
    till: StaffedTerminal, anna: Person
) -> None:
    answer = send(till, shown_at(100, quantity="2"))

    assert (answer.status_code, kinds(answer)) == (201, ["price-drift", "unapproved-price"])
    assert answer.json()["total"]["amount"] == 200
    case = ExceptionCase.objects.get(kind="unapproved-price")
    (line,) = case.payload["lines"]
    assert (case.severity, case.payload["staff_id"], case.payload["difference"]) == ("HIGH", str(anna.id), 1800)
    assert (line["sold_at"], line["price"], line["difference"]) == ("100", "1000", 1800)


def test_a_price_that_is_named_twice_is_one_as_well(till: StaffedTerminal) -> None:
    lines = [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 100}, "snapshot": snapshot(100)}]

    answer = send(till, sale(lines=lines, tenders=[{"type": "cash", "amount": {"amount": 100}}]))

    assert kinds(answer) == ["price-drift", "unapproved-price"]


def test_an_exchange_has_the_same_exception(till: StaffedTerminal, anna: Person) -> None:
    set_rule("cashier", "return_unlinked", "allow")
    till.sign_in(anna)
    body = exchange(timezone.now())
    body["wanted"]["lines"] = [{"sku": "MUG", "quantity": "1", "snapshot": snapshot(100)}]
    body["brought"]["lines"][0]["unit_price"] = {"amount": 50}
    body["tenders"] = [{"type": "cash", "amount": {"amount": 50}}]

    answer = till.post("/exchanges", body)

    assert answer.status_code == 201, answer.content
    assert [each["kind"] for each in answer.json()["order"]["exceptions"]] == ["price-drift", "unapproved-price"]


@pytest.mark.parametrize("twice", [False, True])
def test_a_price_that_the_shop_has_just_raised_is_explained(till: StaffedTerminal, twice: bool) -> None:
    make.variant("MUG", 1200)
    if twice:
        make.variant("MUG", 1300)

    assert kinds(send(till, shown_at(1000))) == ["price-drift"]


def test_a_price_of_long_ago_explains_nothing(till: StaffedTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    make.variant("MUG", 1200)
    monkeypatch.setattr("pos.orders.services.overrides.EXPLAINS", -timedelta(minutes=10))

    assert kinds(send(till, shown_at(1000))) == ["price-drift", "unapproved-price"]


def test_a_higher_price_than_the_shops_is_no_reduction(till: StaffedTerminal) -> None:
    assert kinds(send(till, shown_at(1500))) == ["price-drift"]


def test_goods_that_were_withdrawn_have_had_their_price(till: StaffedTerminal) -> None:
    archive_variant(variant_id=Variant.objects.get().id, now=timezone.now())

    assert kinds(send(till, shown_at(1000))) == ["withdrawn-variant"]


def test_whoever_may_sell_at_another_price_needs_nobody(till: StaffedTerminal, anna: Person) -> None:
    set_rule("cashier", "price_override", "allow", percent="20")
    till.sign_in(anna)

    assert kinds(send(till, shown_at(850))) == ["price-drift"]
    assert kinds(send(till, shown_at(700))) == ["price-drift", "unapproved-price"]


def test_offline_a_till_sells_at_what_it_knows(till: StaffedTerminal) -> None:
    assert kinds(send(till, shown_at(700, origin="OFFLINE"))) == ["price-drift"]


def test_a_typed_price_still_needs_an_approval(till: StaffedTerminal) -> None:
    lines = [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 100}, "snapshot": snapshot(1000)}]

    refused = send(till, sale(lines=lines, tenders=[{"type": "cash", "amount": {"amount": 100}}]))

    assert (refused.status_code, refused.json()["code"]) == (403, "approval-required")
    assert not Order.objects.exists()


def test_what_is_not_paid_is_priced_by_the_shop(till: StaffedTerminal) -> None:
    body = shown_at(100)
    answer = send(till, {**body, "id": str(new_id()), "tenders": []})

    assert (answer.status_code, answer.json()["total"]["amount"]) == (201, 1000)
    assert Order.objects.get().exceptions == []
