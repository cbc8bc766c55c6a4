"""A key does what its scopes name, at the location or register that it names (SH13)."""

from typing import Any

import pytest

from events.models import Event
from events.testing.work import settle
from kernel.ids import new_id
from pos.models import Location, Order, Register, Return, Variant
from staff.models import ApiKey
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.pricing import prices_in
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from web.scopes import ALL_SCOPES, OF_INTEGRATION

NOW = "2026-11-23T12:00:00Z"


def _holder(*scopes: str) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name=str(new_id()), scopes=scopes))


@pytest.fixture
def mug(shop: Tenant) -> Variant:  # noqa: ARG001
    variant = make.variant("MUG", 1000)
    make.shift()
    settle()
    return variant


@pytest.fixture
def place(mug: Variant) -> str:  # noqa: ARG001
    return make.register().location.code


def test_sh13_a_key_with_a_scope_reads_what_the_scope_names(mug: Variant, place: str) -> None:
    order = make.order(make.cash(1000))
    returned = make.return_(order, make.returning(order))
    settle()
    reading: dict[str, list[tuple[str, dict[str, str]]]] = {
        "catalogue:read": [("/variants", {"location": place}), (f"/variants/{mug.id}", {"location": place})],
        "stock:read": [("/stock", {"location": place}), ("/stock-movements", {"location": place})],
        "orders:read": [
            ("/orders", {}),
            (f"/orders/{order.id}", {}),
            ("/returns", {}),
            (f"/returns/{returned.id}", {}),
        ],
        "payments:read": [("/payments", {}), ("/payment-intents", {})],
        "receipts:read": [(f"/orders/{order.id}/receipt", {})],
    }

    for scope, asked in reading.items():
        holder, others = _holder(scope), _holder(*(set(ALL_SCOPES) - {scope}))
        for path, query in asked:
            refused = others.get(path, **query)
            assert holder.get(path, **query).status_code == 200, (scope, path)
            assert refused.status_code == 403, (scope, path)
            assert scope in refused.json()["detail"]


def test_sh13_a_key_rings_up_pays_voids_and_returns_at_the_register_that_it_names(mug: Variant) -> None:
    holder = _holder("orders:write", "orders:read", "payments:write")
    body = make.order_body(tenders=[])

    placed = holder.post("/orders?register=R1", body)
    paid = holder.post(
        f"/orders/{body['id']}/tenders?register=R1", {"tenders": [{"type": "cash", "amount": {"amount": 1000}}]}
    )
    line = {"order_line_id": paid.json()["lines"][0]["id"], "quantity": "1"}
    returning = {"id": str(new_id()), "order_id": body["id"], "occurred_at": NOW, "lines": [line]}
    returned = holder.post(f"/returns?register={make.register().id}", returning)
    other = make.order_body(tenders=[])
    holder.post("/orders?register=R1", other)
    voided = holder.post(f"/orders/{other['id']}/void?register=R1", {"reason": "changed their mind"})

    assert [answer.status_code for answer in (placed, paid, returned, voided)] == [201, 201, 201, 200]
    assert (paid.json()["status"], paid.json()["receipt"]) == ("COMPLETED", "R1-000001")
    assert Order.objects.get(id=body["id"]).device is None
    actor = ApiKey.objects.latest("created_at").name
    assert set(Event.objects.filter(type__startswith="pos.order").values_list("actor", flat=True)) >= {
        f"api-key:{actor}"
    }


def test_sh13_a_key_writes_the_catalogue_and_the_stock_of_the_location_that_it_names(mug: Variant, place: str) -> None:
    back_office = _holder("catalogue:write", "prices:write", "catalogue:read", "stock:write", "stock:read")
    item = {"sku": "TEA", "name": "Tea", "price": {"amount": 525}, "tax_name": "Zero"}
    goods = {"id": str(new_id()), "lines": [{"variant_id": str(mug.id), "quantity": "5"}]}
    less = {"id": str(new_id()), "lines": [{"variant_id": str(mug.id), "quantity": "-1", "reason": "broken"}]}

    for path, body in (("/products", item), ("/goods-receipts", goods), ("/stock-adjustments", less)):
        assert back_office.post(f"{path}?location={place}", body).status_code == 201, path

    assert back_office.get("/stock", location=place).json()["results"][0]["on_hand"] == "4.000"
    for lacking in ("catalogue:write", "prices:write"):
        refused = _holder(lacking).post(f"/products?location={place}", item)
        assert refused.status_code == 403
        assert "catalogue:write and prices:write" in refused.json()["detail"]


def test_sh13_the_same_request_at_another_place_is_another_request(mug: Variant, place: str) -> None:
    """Under the same Idempotency-Key it would get the first answer, and the goods would be missing at the other."""
    Location.objects.create(code="B", name="Branch", currency="EUR")
    holder, key = _holder("stock:write"), str(new_id())
    goods = {"id": str(new_id()), "lines": [{"variant_id": str(mug.id), "quantity": "5"}]}

    first = holder.post(f"/goods-receipts?location={place}", goods, key)
    again = holder.post(f"/goods-receipts?location={make.register().location_id}", goods, key)
    elsewhere = holder.post("/goods-receipts?location=B", goods, key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "location-missing"),
        ("?location=", "location-unknown"),
        ("?location=B9", "location-unknown"),
        ("?location=019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02", "location-unknown"),
    ],
)
def test_sh13_a_key_without_a_place_is_told_to_name_one(mug: Variant, query: str, code: str) -> None:
    answer = _holder("catalogue:read").get(f"/variants{query}")
    ordering = _holder("orders:write").post(f"/orders{query.replace('location', 'register')}", make.order_body())

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["parameter"] == "location"
    assert (ordering.status_code, ordering.json()["code"]) == (422, code.replace("location", "register"))
    assert Order.objects.count() == 0


def test_sh13_a_terminal_may_name_its_own_place_and_no_other(mug: Variant, place: str, api: Terminal) -> None:
    branch = Location.objects.create(code="B", name="Branch", currency="USD")
    Register.objects.create(code="R2", name="Till", location=make.register().location)

    assert api.get("/variants", location=place).status_code == 200
    assert api.post("/orders?register=R1", make.order_body()).status_code == 201
    for name in ("B", str(branch.id)):
        answer = api.get("/variants", location=name)
        assert (answer.status_code, answer.json()["code"]) == (422, "location-not-its-own")
    with nothing_happened():
        answer = api.post("/orders?register=R2", make.order_body())
    assert (answer.status_code, answer.json()["code"]) == (422, "register-not-its-own")


def test_sh13_amounts_of_a_key_are_in_the_currency_of_the_place_that_it_names(mug: Variant) -> None:
    branch = Location.objects.create(code="B", name="Branch", currency="USD")
    Register.objects.create(code="R2", name="Till", location=branch)
    prices_in("USD")

    shown = _holder("catalogue:read").get(f"/variants/{mug.id}?location=B").json()
    body = make.order_body(lines=[{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 1, "currency": "EUR"}}])
    refused = _holder("orders:write").post("/orders?register=R2", body)

    assert shown["price"] == {"amount": 1000, "currency": "USD"}
    assert refused.status_code == 422
    assert "USD, not in EUR" in refused.json()["errors"][0]["detail"]


def test_sh13_a_key_of_before_does_what_it_did_and_nothing_more(mug: Variant, place: str) -> None:
    """Its row is as an older release has written it."""
    holder = _holder("events:read")
    ApiKey.objects.update(scopes=list(OF_INTEGRATION))
    asked: list[Any] = [
        holder.get("/variants", location=place),
        holder.get("/orders"),
        holder.get("/stock", location=place),
        holder.get("/payments"),
        holder.post("/orders?register=R1", make.order_body()),
    ]

    assert holder.get("/events").status_code == 200
    assert [answer.status_code for answer in asked] == [403] * 5
    assert (Order.objects.count(), Return.objects.count()) == (0, 0)
