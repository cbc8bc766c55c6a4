"""Taxes in the admin: rules with moments of the location's clock; rates that are added and never changed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from pos.models import TaxClass, TaxRate, TaxRule
from tenants.models import Tenant
from tests.support import people


@pytest.fixture
def owner(shop: Tenant) -> Client:
    return people.owner()


def rules(*moments: tuple[str, str], tax_class: TaxClass | None = None) -> dict[str, Any]:
    """Return what is typed of a class whose rules are valid from one day to another."""
    rate = str(TaxRate.objects.get(name="Zero").pk)
    typed: dict[str, Any] = {
        "name": "Reduced", "rules-TOTAL_FORMS": str(len(moments)), "rules-INITIAL_FORMS": "0",
    }  # fmt: skip
    for n, (begins, ends) in enumerate(moments):
        row = {"rate": rate, "sequence": "1", "valid_from_0": begins, "valid_to_0": ends}
        row |= {"valid_from_1": "00:00:00" if begins else "", "valid_to_1": "00:00:00" if ends else ""}
        typed |= {f"rules-{n}-{name}": value for name, value in row.items()}
    return typed


def test_a_class_is_made_with_rules_that_follow_one_another(owner: Client) -> None:
    saved = owner.post("/admin/pos/taxclass/add/", rules(("", "2026-12-01"), ("2026-12-01", "")))

    assert saved.status_code == 302
    first, second = TaxRule.objects.filter(tax_class__name="Reduced").order_by("valid_to")
    assert (first.valid_from, first.valid_to) == (None, datetime(2026, 12, 1))  # noqa: DTZ001 - a wall clock
    assert (second.valid_from, second.valid_to) == (datetime(2026, 12, 1), None)  # noqa: DTZ001 - a wall clock


def test_rules_that_hold_at_once_are_refused_with_a_sentence(owner: Client) -> None:
    refused = owner.post("/admin/pos/taxclass/add/", rules(("", "2026-12-02"), ("2026-12-01", "")))

    assert refused.status_code == 200
    assert b"is valid at the same time: end it first." in refused.content
    assert not TaxClass.objects.filter(name="Reduced").exists()


def test_a_rate_is_added_and_never_changed(owner: Client) -> None:
    added = owner.post("/admin/pos/taxrate/add/", {"name": "VAT 16 %", "code": "VAT", "rate": "0.16"})
    rate = TaxRate.objects.get(name="VAT 16 %")
    changed = owner.post(f"/admin/pos/taxrate/{rate.pk}/change/", {"name": "Renamed", "code": "X", "rate": "0.5"})

    assert (added.status_code, changed.status_code) == (302, 302)
    rate.refresh_from_db()
    assert (rate.name, rate.code, rate.rate) == ("Renamed", "VAT", Decimal("0.16"))
