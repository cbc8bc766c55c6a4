"""The admin of a shop shows and reads times by the clock of its first location; the platform's pages are in UTC."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from events.testing.work import settle
from pos.models import Device, Location, PriceList, Shift
from tenants.models import Tenant
from tests.support import make, people
from tests.support.forms import filled_form
from tests.support.terminal import Terminal

ZONE = "Europe/Madrid"
EXPIRES = datetime(2027, 6, 30, 22, 30, 15, tzinfo=UTC)


@pytest.fixture
def madrid(shop: Tenant) -> Tenant:
    Location.objects.update(timezone=ZONE)
    Location.objects.create(code="A", name="Tokyo", currency="EUR", timezone="Asia/Tokyo")
    return shop


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_lists_and_pages_show_the_clock_of_the_first_location_and_name_it_once(madrid: Tenant) -> None:
    make.variant()
    order = make.order(make.cash(1000))
    settle()
    client = people.owner()

    listed, shown = text(client.get("/admin/pos/order/")), text(client.get(f"/admin/pos/order/{order.id}/change/"))

    for page in (listed, shown):
        assert "Nov. 23, 2026, 1 p.m." in page
        assert "noon" not in page
        assert page.count(f"Times are in {ZONE}") == 1
    assert "Shift 1, 2026-11-23 13:00" in text(client.get("/admin/pos/shift/"))
    assert "open since 23 Nov 13:00" in text(client.get("/admin/"))


def test_the_pages_of_the_platform_are_in_utc(madrid: Tenant) -> None:
    page = text(people.operator().get("/admin/tenants/tenant/"))

    assert page.count("Times are in UTC") == 1
    assert ZONE not in page


def test_the_days_of_filters_and_reports_begin_at_midnight_of_the_shop(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    Location.objects.update(timezone="Pacific/Kiritimati")
    now = timezone.now()
    client = people.owner()
    monkeypatch.setattr("pos.reports.admin.now", lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC))

    (by_day,) = [
        each for each in client.get("/admin/pos/order/").context["cl"].filter_specs if each.title == "occurred at"
    ]
    today = str(by_day.links[1][1]["occurred_at__gte"])
    report = client.get("/admin/pos/reportfigure/").context["form"]

    assert today.endswith("00:00:00+14:00")
    assert datetime.fromisoformat(today) <= now
    assert str(report.data["to"]) == "2026-11-24"


def test_a_time_is_typed_by_that_clock_and_a_page_that_is_saved_as_it_is_changes_nothing(madrid: Tenant) -> None:
    device, _ = make.device()
    Device.objects.filter(pk=device.pk).update(expires_at=EXPIRES)
    client, page = people.owner(), f"/admin/pos/device/{device.pk}/change/"

    form = filled_form(client.get(page).content, "device_form")
    unchanged = client.post(page, form)
    kept = Device.objects.get(pk=device.pk).expires_at
    changed = client.post(page, {**form, "expires_at_1": "08:00:00"})

    assert (form["expires_at_0"], form["expires_at_1"]) == ("2027-07-01", "00:30:15")
    assert (unchanged.status_code, changed.status_code) == (302, 302)
    assert kept == EXPIRES
    assert Device.objects.get(pk=device.pk).expires_at == datetime(2027, 7, 1, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "time"), [("2027-03-28", "02:30:00"), ("2026-10-25", "02:30:00"), ("2026-12-01", "00:00:00")]
)
def test_a_price_list_holds_from_what_is_typed_also_in_hours_that_the_shop_s_clock_skips_or_repeats(
    madrid: Tenant, day: str, time: str
) -> None:
    client = people.owner()
    list_ = PriceList.objects.create(name="Tokyo", currency="EUR", tax_included=True)
    page = f"/admin/pos/pricelist/{list_.pk}/change/"
    form = filled_form(client.get(page).content, "pricelist_form")

    saved = client.post(page, {**form, "valid_from_0": day, "valid_from_1": time})
    again = filled_form(client.get(page).content, "pricelist_form")
    unchanged = client.post(page, again)

    assert (saved.status_code, unchanged.status_code) == (302, 302)
    assert (again["valid_from_0"], again["valid_from_1"]) == (day, time)
    assert PriceList.objects.get(pk=list_.pk).valid_from == datetime.fromisoformat(f"{day}T{time}")


def test_the_api_answers_in_utc_whatever_the_admin_has_shown(madrid: Tenant, api: Terminal) -> None:
    shift = make.shift()
    client = people.owner()

    client.get("/admin/pos/shift/")
    answer = api.get(f"/shifts/{shift.id}").json()

    assert answer["opened_at"] == "2026-11-23T12:00:00Z"
    assert timezone.get_current_timezone_name() == "UTC"
    assert str(Shift.objects.get()) == "Shift 1, 2026-11-23 12:00"
