"""A key takes and gives money with `payments:write` alone, by whatever request it asks for it (SH13)."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from events.models import Event
from events.testing.work import settle
from kernel.ids import new_id
from pos.models import Order, Refund, Return, Tender
from staff.models import ApiKey
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from web.scopes import ALL_SCOPES, PAYMENTS_WRITE

NOW = "2026-11-23T12:00:00Z"
CASH = [{"type": "cash", "amount": {"amount": 1000}}]


@pytest.fixture(autouse=True)
def _open_shop(shop: Tenant) -> None:  # noqa: ARG001
    make.variant("MUG", 1000)
    make.shift()
    settle()


def _holder(*scopes: str) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name=str(new_id()), scopes=scopes))


@pytest.fixture
def rings_up() -> Terminal:
    """All but the scope that moves money."""
    return _holder(*(set(ALL_SCOPES) - {PAYMENTS_WRITE}))


@pytest.fixture
def moves_money() -> Terminal:
    return _holder("orders:write", PAYMENTS_WRITE)


def _written() -> list[int]:
    return [rows.objects.count() for rows in (Order, Tender, Return, Refund, Event)]


def _returning(line: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "lines": [line], **more}


def _asked() -> list[tuple[str, dict[str, Any]]]:
    """Every request of the scope `orders:write` that takes or gives money, with what it is for."""
    sold, part_paid = make.order(make.cash(1000), opens=False), make.order(make.cash(300), opens=False)
    settle()
    linked = {"order_line_id": str(sold.lines.get().id), "quantity": "1"}
    unlinked = {"sku": "MUG", "unit_price": {"amount": 900}, "quantity": "1"}
    wanted = {"id": str(new_id()), "lines": [{"sku": "MUG", "quantity": "1"}]}
    exchange = {"occurred_at": NOW, "brought": _returning(unlinked), "wanted": wanted, "tenders": CASH}
    charged = [{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok_x"}]
    return [
        ("/orders", make.order_body(tenders=CASH)),
        ("/orders", make.order_body(tenders=charged)),
        (f"/orders/{part_paid.id}/tenders", {"tenders": [{"type": "cash", "amount": {"amount": 100}}]}),
        (f"/orders/{part_paid.id}/void", {"reason": "changed their mind"}),
        ("/returns", _returning(unlinked, occurred_at=NOW)),
        ("/returns", _returning(linked, occurred_at=NOW, order_id=str(sold.id))),
        ("/exchanges", exchange),
    ]


def test_sh13_what_moves_money_is_refused_without_the_scope_for_it(rings_up: Terminal, moves_money: Terminal) -> None:
    for path, body in _asked():
        before = _written()
        refused = rings_up.post(f"{path}?register=R1", body)
        assert _written() == before
        assert (refused.status_code, refused.json()["code"]) == (403, "permission-denied"), (path, refused.json())
        assert PAYMENTS_WRITE in refused.json()["detail"]
        taken = moves_money.post(f"{path}?register=R1", body)
        assert taken.status_code in {200, 201}, (path, taken.json())


def test_sh13_a_parked_cart_is_paid_with_the_scope_for_money(rings_up: Terminal, moves_money: Terminal) -> None:
    body = {"id": str(new_id()), "lines": [{"sku": "MUG", "quantity": "1"}]}
    assert rings_up.post("/parked-orders?register=R1", body).status_code == 201
    resumed = f"/parked-orders/{body['id']}/resume?register=R1"

    before = _written()

    refused = rings_up.post(resumed, {"tenders": CASH})

    assert _written() == before
    assert (refused.status_code, refused.json()["code"]) == (403, "permission-denied")
    assert moves_money.post(resumed, {"tenders": CASH}).status_code == 201


def test_sh13_what_moves_no_money_needs_no_scope_for_it(rings_up: Terminal) -> None:
    body = make.order_body(tenders=[])

    assert rings_up.post("/orders?register=R1", body).status_code == 201
    assert rings_up.post(f"/orders/{body['id']}/void?register=R1", {"reason": "left"}).status_code == 200
    assert rings_up.post("/orders?register=R1", make.order_body(tenders=CASH, training=True)).status_code == 201
    parked = {"id": str(new_id()), "lines": [{"sku": "MUG", "quantity": "1"}]}
    assert rings_up.post("/parked-orders?register=R1", parked).status_code == 201
    resumed = rings_up.post(f"/parked-orders/{parked['id']}/resume?register=R1", {})
    assert (resumed.status_code, resumed.json()["status"]) == (201, "PLACED")


def test_sh13_keys_that_rang_up_before_still_take_and_give_money() -> None:
    """The scopes are as the release before has granted them."""
    old, reader = _holder("orders:write"), _holder("orders:read")
    held = {key.id: key.scopes for key in ApiKey.objects.all()}

    import_module("pos.migrations.0036_facts_of_returns").keep_money(apps, None)

    grown = {key.id: sorted(set(key.scopes) - set(held[key.id])) for key in ApiKey.objects.all()}
    assert sorted(grown.values()) == [[], [PAYMENTS_WRITE]]
    assert old.post("/orders?register=R1", make.order_body(tenders=CASH)).status_code == 201
    unlinked = {"sku": "MUG", "unit_price": {"amount": 900}, "quantity": "1"}
    assert old.post("/returns?register=R1", _returning(unlinked, occurred_at=NOW)).status_code == 201
    assert reader.get("/orders").status_code == 200
    assert (Order.objects.count(), Return.objects.count()) == (1, 1)
