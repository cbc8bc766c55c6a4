"""What refusal tests rely on: `nothing_happened` sees every row, event and schema that a refusal leaves."""

from collections.abc import Callable

import pytest
from django.db import connection

from events.events import CanaryReleased
from events.operations import audit
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Register, TaxRate, TaxRule
from tenants.models import Tenant
from tests.support import make
from tests.support.unchanged import nothing_happened


def released() -> None:
    with unit_of_work():
        publish(CanaryReleased(canary_id=new_id()))


@pytest.mark.parametrize(
    ("happens", "shown"),
    [
        (lambda: TaxRate.objects.create(name="New", rate=0), r"\+ north.pos_taxrate \("),
        (lambda: TaxRule.objects.filter(tax_class__name="Zero").delete(), r"- north.pos_taxrule \("),
        (lambda: Register.objects.update(next_receipt_number=2), r"\+ north.pos_register .*\n- north.pos_register"),
        (lambda: audit.record(action="x", subject="y", detail="z"), r"\+ public.events_auditentry"),
        (lambda: Tenant.objects.update(name="Renamed"), r"\+ public.tenants_tenant"),
        (released, r"\+ public.events_event \(north,"),
    ],
)
def test_whatever_was_written_is_found_and_shown(shop: Tenant, happens: Callable[[], object], shown: str) -> None:
    with pytest.raises(AssertionError, match=rf"something happened:\n(?s:.*){shown}"), nothing_happened():
        happens()


def test_a_schema_that_appears_in_public_is_found(shop: Tenant) -> None:
    with in_public_schema(), pytest.raises(AssertionError, match="schema half_made"), nothing_happened():
        connection.cursor().execute("CREATE SCHEMA half_made")


def test_a_connection_that_stays_in_another_schema_is_found(shop: Tenant, south: Tenant) -> None:
    with in_tenant(shop), pytest.raises(AssertionError, match="was in 'north' and is in 'south'"), nothing_happened():
        connection.set_tenant(south)


def test_nothing_and_named_tables_pass(shop: Tenant) -> None:
    with nothing_happened():
        make.register()
    with nothing_happened(but={"pos_taxrate"}):
        TaxRate.objects.create(name="New", rate=0)
