"""A location's currency is fixed with its first shift, and what was recorded in one is shown in it everywhere."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from events.testing.work import settle
from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.models import Location, Order, Register
from pos.registers.services import pair_device
from tenants.models import Tenant
from tests.support import make
from tests.support.make import order_body
from tests.support.people import owner
from tests.support.terminal import Terminal
from tests.support.unchanged import SESSION, nothing_happened

CASH = {"type": "cash", "amount": {"amount": 1000}}


@pytest.fixture
def abroad(shop: Tenant) -> Terminal:  # noqa: ARG001
    """A terminal of the same shop, at a location that works in dollars, with an open shift."""
    location = Location.objects.create(code="NYC", name="New York", currency="USD")
    register = Register.objects.create(location=location, code="R2", name="Second")
    open_shift(id=new_id(), register=register, float_amount=0, now=make.NOW)
    _, token = pair_device(register_code="R2", name="Abroad")
    return Terminal("north.localhost", token)


@pytest.fixture
def order(shop: Tenant) -> Order:  # noqa: ARG001
    make.variant()
    order = make.order(make.card(400), make.cash(600))
    settle()
    return order


def amounts(shown: Any) -> set[str]:
    if isinstance(shown, dict):
        own = {shown["currency"]} if isinstance(shown.get("currency"), str) else set()
        return own | {each for inner in shown.values() for each in amounts(inner)}
    return {each for inner in shown for each in amounts(inner)} if isinstance(shown, list) else set()


def test_in07_what_was_recorded_in_euros_is_shown_in_euros_to_a_terminal_of_dollars(
    api: Terminal, abroad: Terminal, order: Order
) -> None:
    back = make.return_(order, make.returning(order))
    settle()
    here = abroad.post("/orders", order_body(tenders=[CASH]))
    settle()

    for path in ("/orders", "/payments", "/payment-intents"):
        shown = {"orders": [], **abroad.get(path).json()}["results"]
        assert api.get(path).json()["results"] == shown
        for row in shown:
            mine = "USD" if here.json()["id"] in {row["id"], row.get("order_id")} else "EUR"
            assert amounts(row) == {mine}, path
    for path in (f"/orders/{order.id}", f"/returns/{back.id}"):
        assert amounts(abroad.get(path).json()) == {"EUR"}
    assert amounts(here.json()) == {"USD"}


def test_sh2_in07_an_order_takes_no_tenders_and_no_return_in_another_currency(
    api: Terminal, abroad: Terminal, order: Order
) -> None:
    placed = make.order()
    line = {"order_line_id": str(order.lines.get().id), "quantity": "1"}
    back = {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "order_id": str(order.id), "lines": [line]}

    with nothing_happened():
        paid = abroad.post(f"/orders/{placed.id}/tenders", {"tenders": [CASH]})
        returned = abroad.post("/returns", back)

    assert [(each.status_code, each.json()["code"]) for each in (paid, returned)] == [(422, "currency-mismatch")] * 2
    assert api.post(f"/orders/{placed.id}/tenders", {"tenders": [CASH]}).json()["status"] == "COMPLETED"
    assert api.post("/returns", back).status_code == 201


def test_in07_the_currency_of_a_location_is_fixed_with_its_first_shift(shop: Tenant) -> None:
    location = Location.objects.get()
    typed = {"code": "MAIN", "name": "Renamed", "currency": "USD", "timezone": "UTC", "rounding_level": "LINE"}
    typed["unlinked_return_limit"] = "100"
    client, page = owner(), f"/admin/pos/location/{location.id}/change/"
    assert client.post(page, {**typed, "currency": "GBP"}).status_code == 302
    make.shift()

    with nothing_happened(but=SESSION):
        refused = client.post(page, typed)

    assert refused.status_code == 200
    [sentence] = refused.context["adminform"].form.errors["currency"]
    assert sentence == "The currency is GBP since the first shift here: make another location for USD."
    location.refresh_from_db()
    assert (location.name, location.currency) == ("Renamed", "GBP")
    assert client.post(page, {**typed, "currency": "GBP", "name": "Other"}).status_code == 302


@pytest.mark.parametrize(("currency", "moves"), [("EUR", True), ("USD", False)])
def test_in07_a_register_with_shifts_moves_only_within_its_currency(shop: Tenant, currency: str, moves: bool) -> None:  # noqa: FBT001
    make.shift()
    other = Location.objects.create(code="M2", name="Second", currency=currency)
    page = f"/admin/pos/register/{make.register().id}/change/"

    answer = owner().post(page, {"code": "R1", "name": "Till", "location": str(other.id)})

    assert (answer.status_code == 302) is moves
    assert (make.register().location == other) is moves
    if not moves:
        assert "another currency" in answer.context["adminform"].form.errors["location"][0]


def test_in07_no_statement_of_ours_passes_the_database(shop: Tenant) -> None:
    make.shift()

    with pytest.raises(IntegrityError, match="since the first shift"), transaction.atomic():
        Location.objects.update(currency="USD")
