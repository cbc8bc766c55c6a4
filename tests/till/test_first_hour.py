"""A shop owner's first hour: docs/first-hour.md is read, and what its lists say is done in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from config.place import ROOT
from events.operations.tenant_records import TENANT_TABLES
from events.testing.work import settle
from kernel.tenancy import in_public_schema, in_tenant
from staff.models import User
from staff.services import hire_owner
from tenants.models import Tenant
from tenants.services import close_tenant
from tests.support.browsing import Served
from tests.support.people import PASSWORD
from tests.support.story import NotUnderstood, Reader, steps

DOCUMENT = ROOT / "docs" / "first-hour.md"
SHOP = "flowers"


@pytest.fixture
def platform(committed: Tenant) -> Iterator[None]:
    """The platform with somebody who runs it; what they create is taken away again."""
    with in_public_schema():
        take_away(SHOP)
        hire_owner(username="admin", password=PASSWORD)
        yield
        User.objects.filter(username="admin").delete()
        take_away(SHOP)


def take_away(shop: str) -> None:
    """Take a shop away, as far as it was made."""
    tenant = Tenant.objects.filter(schema_name=shop).first()
    if tenant is None:
        return
    if tenant.status == Tenant.Status.ACTIVE:
        close_tenant(tenant=tenant)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {shop} CASCADE")
        for table in (*TENANT_TABLES, "operatoraction", "auditentry"):
            cursor.execute(f"DELETE FROM events_{table} WHERE tenant_id = %s", [shop])
    Tenant.objects.filter(pk=tenant.pk).delete()


@pytest.fixture
def reader(platform: None, server: Served, chromium: Any) -> Iterator[Reader]:
    windows = []

    def window() -> Any:
        windows.append(chromium.window())
        return windows[-1]

    yield Reader(
        window=window,
        folder=DOCUMENT.parent,
        port=server.port,
        known={"the password of the demo": PASSWORD},
        wait_a_moment=lambda: apply_all(SHOP),
    )
    for each in windows:
        each.context.close()


def apply_all(shop: str) -> None:
    with in_tenant(Tenant.objects.get(schema_name=shop)):
        settle()


def test_the_first_hour_goes_as_the_document_says(reader: Reader) -> None:
    done = list(steps(DOCUMENT))
    for step in done:
        try:
            reader.do(step)
        except Exception as error:
            reader.picture("failed")
            pytest.fail(f"docs/{DOCUMENT.name}:{step.line}: {step.text}\n{error}")
    reader.picture("end")

    assert len(done) > 80


@pytest.mark.parametrize("item", ["Pres **Save**.", "Press Save.", "Type `x` in **Name**.", "You read **a** or **b**."])
def test_an_item_that_is_no_step_is_refused(item: str, tmp_path: Path) -> None:
    document = tmp_path / "story.md"
    document.write_text(f"# A story\n\n- Press **Save**.\n- {item}\n")

    with pytest.raises(NotUnderstood, match="story.md:4: "):
        list(steps(document))
