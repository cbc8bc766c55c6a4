"""Bookmarks to the pages of webhooks from before they were an app lead to where the pages are now."""

import pytest
from django.test import Client

from tenants.models import Tenant
from tests.support import people
from tests.support.people import SHOP

OLD, NEW = "/admin/events/", "/admin/integrations/"


@pytest.mark.parametrize("page", ["webhookendpoint/", "webhookendpoint/add/", "webhookdelivery/?state=PARKED&q=a%26b"])
def test_an_old_address_leads_to_its_page(shop: Tenant, page: str) -> None:
    owner = people.owner()

    moved = owner.get(f"{OLD}{page}", headers={"host": SHOP})

    assert (moved.status_code, moved["Location"]) == (301, f"{NEW}{page}")
    assert owner.get(moved["Location"], headers={"host": SHOP}).status_code == 200


@pytest.mark.parametrize("page", ["webhookendpoint//evil.test/", "webhookendpoint/%0d%0aSet-Cookie:x/", "webhookx/"])
def test_an_old_address_leads_to_nowhere_else(shop: Tenant, page: str) -> None:
    location = Client().get(f"{OLD}{page}", headers={"host": SHOP}).get("Location", NEW)

    assert location.startswith((NEW, "/admin/login/"))
    assert "\n" not in location
