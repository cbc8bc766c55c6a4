"""A location's currency is fixed with its first document, and what was recorded in one is shown in it everywhere."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from events.testing.work import settle
from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.models import CashDrawer, Location, Order, Register
from pos.orders.services.placing import place_order
from pos.registers.services import pair_device
from tenants.models import Tenant
from tests.support import make
from tests.support.forms import filled_form
from tests.support.make import order_body
from tests.support.people import owner
from tests.support.places import closed_shift, held, parked
from tests.support.pricing import prices_in
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
    prices_in("USD")
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
    assert sentence == "The currency is GBP since the first document here: make another location for USD."
    location.refresh_from_db()
    assert (location.name, location.currency) == ("Renamed", "GBP")
    assert client.post(page, {**typed, "currency": "GBP", "name": "Other"}).status_code == 302


@pytest.mark.parametrize(("currency", "moves"), [("EUR", True), ("USD", False)])
def test_in07_a_register_with_shifts_moves_only_within_its_currency(shop: Tenant, currency: str, moves: bool) -> None:  # noqa: FBT001
    closed_shift()
    other = Location.objects.create(code="M2", name="Second", currency=currency)
    page = f"/admin/pos/register/{make.register().id}/change/"

    answer = owner().post(page, {"code": "R1", "name": "Till", "location": str(other.id)})

    assert (answer.status_code == 302) is moves
    assert (make.register().location == other) is moves
    if not moves:
        assert "another currency" in answer.context["adminform"].form.errors["location"][0]


def test_in07_no_statement_of_ours_passes_the_database(shop: Tenant) -> None:
    make.shift()

    with pytest.raises(IntegrityError, match="since the first document"), transaction.atomic():
        Location.objects.update(currency="USD")


def sold_without_a_shift() -> None:
    placed(device=make.device()[0], tenders=[make.cash(1000)], register=make.register())


def sold_in_a_shift_of_another_register() -> None:
    """R2 has the shift; R1, whose cash goes into the same drawer, sells."""
    register = make.register()
    second = Register.objects.create(code="R2", name="Two", location=register.location, drawer=register.drawer)
    open_shift(id=new_id(), register=second, float_amount=0, now=make.NOW)
    placed(tenders=[make.cash(1000)], register=register, device=None)
    closed_shift(second)


def placed(**more: Any) -> None:
    place_order(id=new_id(), lines=[make.asked()], occurred_at=make.NOW, now=make.NOW, fingerprint="", **more)


@pytest.mark.parametrize("made", [sold_without_a_shift, parked, held, sold_in_a_shift_of_another_register])
def test_sh2_each_document_fixes_the_currency_of_its_location_and_register(
    shop: Tenant, made: Callable[[], None]
) -> None:
    make.variant()
    abroad = Location.objects.create(code="JP", name="Tokyo", currency="JPY")
    made()
    register, client = make.register(), owner()
    pages = {
        f"/admin/pos/location/{register.location_id}/change/": (
            "location_form",
            {"currency": "JPY", "unlinked_return_limit": "100"},
        ),
        f"/admin/pos/register/{register.id}/change/": ("register_form", {"location": str(abroad.id), "drawer": ""}),
    }

    with nothing_happened(but=SESSION):
        errors: dict[str, list[str]] = {}
        for page, (form, typed) in pages.items():
            answer = client.post(page, {**filled_form(client.get(page).content, form), **typed})
            errors |= answer.context["adminform"].form.errors

    assert "since the first document here" in errors["currency"][0]
    assert "another currency" in errors["location"][0]


def test_sh2_the_place_of_a_register_that_has_moved_away_keeps_its_currency(shop: Tenant) -> None:
    make.variant()
    sold_without_a_shift()
    settle()
    first = make.register().location
    Register.objects.update(location=Location.objects.create(code="M2", name="Second", currency="EUR"))

    with pytest.raises(IntegrityError, match="since the first document"), transaction.atomic():
        Location.objects.filter(id=first.id).update(currency="USD")


def test_sh2_a_drawer_with_shifts_moves_only_within_its_currency(shop: Tenant) -> None:
    closed_shift()
    drawer = CashDrawer.objects.get()
    Register.objects.update(drawer=CashDrawer.objects.create(name="Two", location=drawer.location))
    other = {code: Location.objects.create(code=code, name=code, currency=code) for code in ("EUR", "USD")}

    with pytest.raises(IntegrityError, match="shifts in another currency"), transaction.atomic():
        CashDrawer.objects.filter(id=drawer.id).update(location=other["USD"])
    assert CashDrawer.objects.filter(id=drawer.id).update(location=other["EUR"]) == 1
