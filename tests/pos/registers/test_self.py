"""A terminal knows where it is, and how money is written there, from the API alone."""

from typing import Any

import pytest

from pos.models import TenderType
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import person
from tests.support.pricing import set_currency
from tests.support.terminal import Terminal
from web.scopes import CATALOGUE_READ


@pytest.mark.parametrize(("currency", "exponent"), [("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_a_terminal_is_told_its_place_and_the_decimals_of_its_currency(
    shop: Tenant, currency: str, exponent: int
) -> None:
    set_currency(currency)
    device, token = make.device()

    shown: Any = Terminal("north.localhost", token).get("/devices/self").json()

    register = make.register()
    assert (shown["id"], shown["name"]) == (str(device.id), "Test terminal")
    assert shown["register"] == {
        "id": str(register.id),
        "code": "R1",
        "name": "Till 1",
        "location_id": str(register.location_id),
        "location": "north",
        "currency": currency,
        "exponent": exponent,
        "timezone": "UTC",
    }


def test_a_terminal_is_told_whether_somebody_signs_in(api: Terminal) -> None:
    before = api.get("/devices/self").json()["needs_staff"]
    person("ANNA")

    assert (before, api.get("/devices/self").json()["needs_staff"]) == (False, True)


def test_a_key_is_no_device(shop: Tenant) -> None:
    key = Terminal("north.localhost", issue_api_key(name="till", scopes=[CATALOGUE_READ]))

    assert key.get("/devices/self").status_code == 403


def test_a_terminal_is_told_to_what_cash_is_rounded(api: Terminal) -> None:
    TenderType.objects.filter(code="cash").update(rounding_step=5)

    shown = {each["code"]: each["rounding_step"] for each in api.get("/tender-types").json()["results"]}

    assert shown == {"cash": 5, "card": 1, "gateway": 1, "account": 1}
