"""Goods are received, counted and adjusted in the admin (SH21): shown first, then posted once, with a reason."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from events.testing.work import settle
from inventory.models import StockItem, StockMovement
from kernel.ids import new_id
from pos.models import Location, Variant
from staff.models import User
from staff.services import define_roles
from tenants.models import Tenant
from tests.support import make, people
from tests.support.unchanged import SESSION, nothing_happened

STOCK = "/admin/inventory/stockitem/"


@pytest.fixture
def mug(shop: Tenant) -> Variant:
    variant = make.variant("MUG")
    settle()
    return variant


def typed(*lines: tuple[str, str], reason: str = "broken", **more: str) -> dict[str, Any]:
    form = {
        "document": str(new_id()),
        "location": str(make.register().location_id),
        "reason": reason,
        "lines-TOTAL_FORMS": str(len(lines)),
        "lines-INITIAL_FORMS": "0",
        **more,
    }
    for number, (sku, quantity) in enumerate(lines):
        form |= {f"lines-{number}-sku": sku, f"lines-{number}-quantity": quantity, f"lines-{number}-seen": ""}
    return form


def reviewed(client: Client, kind: str, form: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Send a form; return what is shown, and what a yes sends."""
    page = client.post(f"{STOCK}{kind}/", form)
    assert page.status_code == 200
    return page.content.decode(), {**dict(page.context["sent"]), "confirmed": "yes"}


def on_hand() -> Decimal:
    return StockItem.objects.get().on_hand


def test_sh21_goods_are_received_after_they_were_shown(mug: Variant) -> None:
    client = people.owner()
    assert client.get(f"{STOCK}receive/").status_code == 200

    with nothing_happened(but=SESSION | {"events_auditentry"}):
        shown, yes = reviewed(client, "receive", typed(("MUG", "12")))
    done = client.post(f"{STOCK}receive/", yes)

    assert "<td>0</td><td>12</td><td>12</td>" in shown
    assert done.status_code == 302
    assert on_hand() == 12
    assert StockMovement.objects.get().kind == "RECEIPT"


def test_what_is_sent_twice_is_posted_once(mug: Variant) -> None:
    client = people.owner()
    _, yes = reviewed(client, "receive", typed(("MUG", "12")))

    client.post(f"{STOCK}receive/", yes)
    client.post(f"{STOCK}receive/", yes)

    assert on_hand() == 12


def test_sh21_a_count_posts_what_differs_from_what_was_shown(mug: Variant) -> None:
    client = people.owner()
    client.post(f"{STOCK}receive/", reviewed(client, "receive", typed(("MUG", "12")))[1])
    shown, yes = reviewed(client, "count", typed(("MUG", "10"), reason="year's end"))
    make.order(make.cash(1000))
    settle()

    client.post(f"{STOCK}count/", yes)

    assert "<td>12</td><td>-2</td><td>10</td>" in shown
    assert on_hand() == 9
    movement = StockMovement.objects.get(kind="ADJUSTMENT")
    assert (movement.quantity, movement.reason) == (-2, "Count: year's end")


def test_a_count_of_what_is_there_posts_nothing(mug: Variant) -> None:
    client = people.owner()
    client.post(f"{STOCK}receive/", reviewed(client, "receive", typed(("MUG", "12")))[1])
    _, yes = reviewed(client, "count", typed(("MUG", "12")))

    done = client.post(f"{STOCK}count/", yes, follow=True)

    assert "nothing was posted" in done.content.decode()
    assert StockMovement.objects.count() == 1


def test_sh21_an_adjustment_has_a_sign_and_a_reason(mug: Variant) -> None:
    client = people.owner()
    _, yes = reviewed(client, "adjust", typed(("MUG", "-3"), reason="stolen"))

    client.post(f"{STOCK}adjust/", yes)

    movement = StockMovement.objects.get()
    assert (movement.quantity, movement.reason) == (-3, "stolen")
    assert on_hand() == -3


@pytest.mark.parametrize(
    ("kind", "lines", "reason", "said"),
    [
        ("adjust", [("MUG", "-3")], " ", "This field is required."),
        ("count", [("MUG", "3")], "", "This field is required."),
        ("receive", [("CUP", "3")], "", "No goods kept in stock have the SKU CUP."),
        ("receive", [("MUG", "0")], "", "Type a quantity above zero."),
        ("receive", [("MUG", "-1")], "", "Type a quantity above zero."),
        ("count", [("MUG", "-1")], "x", "Not this quantity."),
        ("adjust", [("MUG", "0")], "x", "Not this quantity."),
        ("receive", [("MUG", "1"), ("MUG", "2")], "", "MUG has a line already."),
        ("receive", [("MUG", "1e3")], "", "Write a number in digits"),
        ("receive", [("MUG", "1.2345")], "", "no more than 3 decimal places"),
        ("receive", [("MUG", "")], "", "This field is required."),
        ("receive", [("", "")], "", "Type the SKU of at least one line."),
        ("receive", [("MUG", "100000001")], "", "less than or equal to"),
    ],
)
def test_what_cannot_be_posted_is_said_beside_it(
    mug: Variant, kind: str, lines: list[tuple[str, str]], reason: str, said: str
) -> None:
    client = people.owner()

    with nothing_happened(but=SESSION | {"events_auditentry"}):
        page = client.post(f"{STOCK}{kind}/", {**typed(*lines, reason=reason), "confirmed": "yes"})

    assert page.status_code == 200
    assert said in page.content.decode()


def test_goods_go_to_the_place_that_was_chosen_and_to_no_other(mug: Variant) -> None:
    there = Location.objects.create(code="B", name="There", currency="EUR")
    client = people.owner()

    client.post(f"{STOCK}receive/", reviewed(client, "receive", typed(("MUG", "12"), location=str(there.id)))[1])
    unknown = client.post(f"{STOCK}receive/", typed(("MUG", "12"), location=str(new_id())))

    assert StockItem.objects.get().location_id == there.id
    assert "Select a valid choice" in unknown.content.decode()


def test_rows_that_were_chosen_in_the_list_are_counted(mug: Variant) -> None:
    client = people.owner()
    client.post(f"{STOCK}receive/", reviewed(client, "receive", typed(("MUG", "12")))[1])

    chosen = client.post(STOCK, {"action": "count", "_selected_action": [str(StockItem.objects.get().pk)]}, follow=True)

    assert 'value="MUG"' in chosen.content.decode()


def hired(role: str) -> Client:
    define_roles()
    person = User.objects.create_user(role, password=people.PASSWORD, is_staff=True)
    person.groups.add(Group.objects.get(name=role))
    return people.signed_in(person)


def test_a_stock_clerk_posts_and_a_cashier_and_an_accountant_do_not(mug: Variant) -> None:
    people_of = {role: hired(role) for role in ("stock clerk", "store manager", "cashier", "accountant")}

    seen = {
        role: [client.get(f"{STOCK}{kind}/").status_code for kind in ("receive", "count", "adjust")]
        for role, client in people_of.items()
    }

    assert seen == {
        "stock clerk": [200] * 3, "store manager": [200] * 3, "cashier": [403] * 3, "accountant": [403] * 3,
    }  # fmt: skip


def test_the_stock_of_each_place_is_named_and_chosen(mug: Variant) -> None:
    client = people.owner()
    client.post(f"{STOCK}receive/", reviewed(client, "receive", typed(("MUG", "12")))[1])
    place = make.register().location

    everything = client.get(STOCK).content.decode()
    here = client.get(STOCK, {"location": str(place.id)})
    elsewhere = client.get(STOCK, {"location": str(new_id())})

    assert f"{place.name}</td>" in everything or place.name in everything
    assert here.context["cl"].result_count == 1
    assert elsewhere.context["cl"].result_count == 0
