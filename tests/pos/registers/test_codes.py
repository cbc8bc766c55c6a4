"""Codes and series of registers: two that differ in upper and lower case alone would be one to whoever reads them."""

import pytest
from django.test import Client

from pos.models import Receipt, Register
from tenants.models import Tenant
from tests.support import make, people
from tests.support.terminal import Terminal

ADDED = "/admin/pos/register/add/"


def form(**more: str) -> dict[str, str]:
    location = make.register().location_id
    return {"code": "R2", "name": "Two", "location": str(location), "series": "", "drawer": "", **more}


@pytest.fixture
def owner(shop: Tenant) -> Client:
    return people.owner()


@pytest.mark.parametrize("asked", [{"code": "r1"}, {"series": "r1"}, {"code": "r1-t"}, {"series": "r1-T"}])
def test_a_register_is_not_called_like_another_in_other_letters(owner: Client, asked: dict[str, str]) -> None:
    answer = owner.post(ADDED, form(**asked))

    (errors,) = answer.context["adminform"].form.errors.items()
    assert errors[0] in asked
    assert errors[1][0].startswith(("R1 is there already", "R1-T is there already"))
    assert Register.objects.count() == 1


def test_a_register_is_not_renamed_to_another_in_other_letters(owner: Client) -> None:
    owner.post(ADDED, form())
    second = Register.objects.get(code="R2")

    answer = owner.post(f"/admin/pos/register/{second.id}/change/", form(code="r1", drawer=str(second.drawer_id)))

    assert "code" in answer.context["adminform"].form.errors


def test_registers_from_before_that_differ_in_letters_can_be_edited(owner: Client) -> None:
    location = make.register().location
    lower = Register.objects.create(code="r1", name="Old", location=location)
    data = form(code="r1", name="Corner", series=lower.series, drawer=str(lower.drawer_id))

    assert owner.post(f"/admin/pos/register/{lower.id}/change/", data).status_code == 302
    lower.refresh_from_db()
    assert lower.name == "Corner"


def test_a_receipt_is_found_in_whatever_letters_its_number_is_typed(api: Terminal) -> None:
    make.variant()
    make.order(make.cash(1000))
    receipt = Receipt.objects.get()

    for typed in ("R1-000001", "r1-000001"):
        found = api.get("/receipts", receipt=typed).json()["results"]
        assert [each["id"] for each in found] == [str(receipt.id)]
