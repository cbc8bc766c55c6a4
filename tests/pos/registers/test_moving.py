"""A register, or a drawer, stays where it is while something is open there: a shift, an order, a sale that is held."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from kernel.ids import new_id
from pos.models import CashDrawer, Location, Register, Shift
from tenants.models import Tenant
from tests.support import make, people
from tests.support.day import closed, opened
from tests.support.forms import filled_form
from tests.support.places import closed_shift, held, parked
from tests.support.terminal import Terminal
from tests.support.unchanged import SESSION, nothing_happened


@pytest.fixture
def branch(shop: Tenant) -> Location:
    make.variant()
    return Location.objects.create(code="B", name="Branch", currency="EUR")


def moved(client: Client, **typed: str) -> Any:
    page = f"/admin/pos/register/{make.register().id}/change/"
    return client.post(page, {**filled_form(client.get(page).content, "register_form"), **typed})


@pytest.mark.parametrize("what", ["location", "drawer", "another drawer"])
def test_a_register_stays_at_its_drawer_while_that_has_an_open_shift(
    api: Terminal, branch: Location, what: str
) -> None:
    shift, client = opened(api), people.owner()
    another = CashDrawer.objects.create(name="Two", location=make.register().location)
    typed = {
        "location": {"location": str(branch.id), "drawer": ""},
        "drawer": {"drawer": ""},
        "another drawer": {"drawer": str(another.id)},
    }[what]

    with nothing_happened(but=SESSION):
        answer = moved(client, **typed)

    (sentence,) = answer.context["adminform"].form.errors["location" if what == "location" else "drawer"]
    assert sentence == "The drawer of this register has an open shift: close it before you move the register."
    closed(api, shift, 10000)
    assert moved(client, **typed).status_code == 302


def test_a_register_that_shares_a_drawer_stays_while_the_other_one_has_a_shift_there(branch: Location) -> None:
    first = make.register()
    Register.objects.create(code="R2", name="Two", location=first.location, drawer=first.drawer)
    make.shift()

    with pytest.raises(IntegrityError, match="has an open shift"), transaction.atomic():
        Register.objects.filter(code="R2").update(location=branch)


def placed() -> None:
    make.order()
    closed_shift()


@pytest.mark.parametrize("begin", [placed, parked, held])
def test_a_register_stays_at_its_location_while_orders_of_it_are_open(
    branch: Location, begin: Callable[[], None]
) -> None:
    client = people.owner()
    begin()

    with nothing_happened(but=SESSION):
        answer = moved(client, location=str(branch.id), drawer="")

    assert "would end at another location" in answer.context["adminform"].form.errors["location"][0]
    assert moved(client, drawer="").status_code == 302


def test_a_register_moves_once_its_orders_have_ended(branch: Location) -> None:
    make.void(make.order())
    closed_shift()

    assert moved(people.owner(), location=str(branch.id), drawer="").status_code == 302


def test_a_drawer_stays_where_its_registers_and_its_open_shift_are(branch: Location) -> None:
    drawer = make.shift().drawer

    with pytest.raises(IntegrityError, match="The cash of a register"), transaction.atomic():
        CashDrawer.objects.filter(id=drawer.id).update(location=branch)
    lonely = CashDrawer.objects.create(name="Lonely", location=drawer.location)
    Shift.objects.create(
        id=new_id(), drawer=lonely, number=1, register=make.register(), float_amount=0, opened_at=make.NOW
    )
    with pytest.raises(IntegrityError, match="has an open shift"), transaction.atomic():
        CashDrawer.objects.filter(id=lonely.id).update(location=branch)
