"""W6, W9 and W11: who lengthens a life needs the power to give one, and what people do to devices, endpoints and shops is audited."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from events.models import AuditEntry
from integrations.webhooks import endpoints
from kernel.tenancy import in_public_schema
from pos.models import Device, Location, Register
from pos.registers.services import DeviceExpired, ExpiryInvalid, change_device, pair_device, rotate_device_token
from staff.models import ApiKey
from staff.services import ExpiryInvalid as KeyExpired
from staff.services import issue_api_key, rotate_api_key
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.support import people
from tests.support.forms import filled_form
from tests.support.unchanged import SESSION, nothing_happened


def acts(subject: str = "") -> list[tuple[str, str]]:
    rows = AuditEntry.objects.order_by("id")
    return list((rows.filter(subject=subject) if subject else rows).values_list("action", "detail"))


@pytest.fixture
def expired(shop: Tenant) -> Device:
    device, _ = pair_device(register_code="R1", name="Till", expires_at=timezone.now() - timedelta(days=1))
    return device


def save(client: Client, device: Device, **changed: str) -> Any:
    page = f"/admin/pos/device/{device.pk}/change/"
    return client.post(page, {**filled_form(client.get(page).content, "device_form"), **changed})


def later(days: int) -> dict[str, str]:
    moment = timezone.now() + timedelta(days=days)
    return {"expires_at_0": f"{moment:%Y-%m-%d}", "expires_at_1": "12:00:00"}


def test_w09_who_may_not_pair_does_not_revive_a_device(expired: Device) -> None:
    client = people.viewer("view_device", "change_device")

    assert save(client, expired, name="Till 2", **later(30)).status_code == 302

    before = expired.expires_at
    expired.refresh_from_db()
    assert (expired.name, expired.expires_at) == ("Till 2", before)


def test_w09_who_may_pair_lengthens_a_life_and_it_is_audited(expired: Device) -> None:
    client = people.viewer("view_device", "change_device", "add_device")
    other = Register.objects.create(location=Location.objects.get(), code="R2", name="Two")

    assert save(client, expired, register=str(other.pk), **later(30)).status_code == 302

    expired.refresh_from_db()
    assert expired.expires_at is not None
    assert expired.expires_at > timezone.now()
    (_, (action, detail)) = acts(f"device:{expired.pk}")
    assert action == "device changed"
    assert f"register: {Register.objects.get(code='R1')} → {other}" in detail
    assert "expires_at: " in detail


@pytest.mark.parametrize("year", [1, 1999, 9999])
def test_w09_a_life_ends_within_ten_years(expired: Device, year: int) -> None:
    with nothing_happened(), pytest.raises(ExpiryInvalid):
        change_device(device_id=expired.pk, changed={"expires_at": datetime(year, 6, 1, tzinfo=UTC)})

    client = people.owner()
    with nothing_happened(but=SESSION):
        answer = save(client, expired, expires_at_0=f"{year:04}-06-01", expires_at_1="12:00:00")
    assert (answer.status_code, b"This moment is" in answer.content) == (200, True)


def test_w09_what_has_expired_is_not_rotated(expired: Device) -> None:
    issue_api_key(name="old", scopes=["events:read"])
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with nothing_happened(), pytest.raises(DeviceExpired, match="pair a new one"):
        rotate_device_token(device_id=expired.pk)
    with nothing_happened(), pytest.raises(KeyExpired, match="issue another one"):
        rotate_api_key(name="old")
    client = people.owner()
    for page, key in (("pos/device", expired.pk), ("staff/apikey", ApiKey.objects.get().pk)):
        answer = client.post(f"/admin/{page}/", {"action": "rotate", "_selected_action": str(key)}, follow=True)
        assert b"has expired" in answer.content


def test_w11_acts_on_webhook_endpoints_are_audited(shop: Tenant) -> None:
    now = timezone.now()
    endpoint, _ = endpoints.create_endpoint(url="https://example.com/hook", now=now)
    endpoints.rotate_secret(endpoint_id=endpoint.id, now=now)
    endpoints.pause_endpoint(endpoint_id=endpoint.id, reason="it moves", now=now)
    endpoints.resume_endpoint(endpoint_id=endpoint.id, now=now)
    endpoints.delete_endpoint(endpoint_id=endpoint.id, now=now)

    url = "https://example.com/hook"
    assert acts(f"webhook-endpoint:{endpoint.id}") == [
        ("webhook endpoint made", url),
        ("webhook secret rotated", url),
        ("webhook endpoint paused", f"{url} it moves"),
        ("webhook endpoint resumed", url),
        ("webhook endpoint deleted", url),
    ]


def test_w11_suspending_and_reactivating_a_shop_is_audited(shop: Tenant) -> None:
    with in_public_schema():
        suspend_tenant(tenant=shop)
        reactivate_tenant(tenant=shop)

    assert [action for action, _ in acts()] == ["shop suspended", "shop reactivated"]
