"""The limit of a location is typed in major units of the currency that is typed beside it."""

from typing import Any

import pytest

from pos.models import Location
from tenants.models import Tenant
from tests.support import people
from tests.support.forms import filled_form

PAGE = "/admin/pos/location/add/"


def added(currency: str, limit: str) -> Any:
    client = people.owner()
    form = filled_form(client.get(PAGE).content, "location_form")
    return client.post(
        PAGE, {**form, "code": "NEW", "name": "New", "currency": currency, "unlinked_return_limit": limit}
    )


@pytest.mark.parametrize(
    ("currency", "limit", "minor"), [("JPY", "5000", 5000), ("KWD", "100.000", 100_000), ("EUR", "50.00", 5000)]
)
def test_the_limit_of_a_new_location_is_in_its_own_currency(
    shop: Tenant, currency: str, limit: str, minor: int
) -> None:
    assert added(currency, limit).status_code == 302
    assert Location.objects.get(code="NEW").unlinked_return_limit == minor


@pytest.mark.parametrize(("currency", "limit"), [("JPY", "50.00"), ("XXX", "50.00"), ("", "50.00")])
def test_a_limit_or_a_currency_that_is_none_is_an_error_of_the_form(shop: Tenant, currency: str, limit: str) -> None:
    answer = added(currency, limit)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not Location.objects.filter(code="NEW").exists()
