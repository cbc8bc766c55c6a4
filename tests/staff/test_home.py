"""The admin's home: today at a glance (SH21), with few statements, whatever the history."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.testing.work import settle
from inventory.models import StockItem
from kernel.ids import new_id
from pos.exceptions.models import ExceptionCase
from pos.models import CashDrawer, Location, Register, Shift
from pos.orders.services.placing import place_order
from pos.profile.services import put_profile
from tenants.models import Tenant
from tests.support import make, people

MOST_STATEMENTS = 15
NOW = datetime(2026, 11, 27, 0, 30, tzinfo=UTC)


@pytest.fixture
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pos.reports.home.now", lambda: NOW)


def sell(moment: datetime, *, register: Register | None = None, quantity: str = "1") -> Any:
    till = register or make.register()
    order = place_order(
        id=new_id(), register=till, device=None, lines=[make.asked(quantity=quantity)], tenders=[make.cash(10**6)],
        occurred_at=moment, now=moment, fingerprint="",
    )  # fmt: skip
    settle()
    return order


def home(client: Any = None) -> str:
    return str((client or people.owner()).get("/admin/").content.decode())


def test_sh21_the_home_shows_today_and_not_yesterday(shop: Tenant, _now: None) -> None:
    make.variant("MUG", 1000)
    make.shift()
    sell(datetime(2026, 11, 26, 23, 59, tzinfo=UTC), quantity="5")
    sell(datetime(2026, 11, 27, 0, 10, tzinfo=UTC), quantity="2")
    sell(datetime(2026, 11, 27, 0, 20, tzinfo=UTC))

    page = home()

    assert "Today, Friday 27 November 2026" in page
    assert "30.00 EUR" in page
    assert "15.00 EUR" in page
    assert "80.00" not in page
    assert "50.00" not in page


def test_sh21_today_is_the_day_of_business_of_each_location(shop: Tenant, _now: None) -> None:
    from tests.support.trading import two_places

    put_profile(values={"cut_over_hour": 4})
    _, there = two_places()
    sell(datetime(2026, 11, 26, 20, 0, tzinfo=UTC))
    sell(datetime(2026, 11, 26, 20, 0, tzinfo=UTC), register=there, quantity="2")

    page = home()

    assert "Today, Thursday 26 November 2026" in page
    assert "10.00 EUR" in page
    assert "20.00 USD" in page


def test_sh21_days_of_locations_that_differ_are_named_in_their_order(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pos.reports.home.now", lambda: datetime(2026, 11, 30, 2, 0, tzinfo=UTC))
    Location.objects.create(code="NYC", name="New York", currency="USD", timezone="America/New_York")

    assert "Today, Sunday 29 November 2026 and Monday 30 November 2026" in home()


def test_sh21_the_home_shows_tills_stock_and_events_that_wait(shop: Tenant, _now: None) -> None:
    make.variant("MUG", 1000)
    make.shift()
    make.device()
    sell(NOW)
    StockItem.objects.update(reorder_point=3)
    Register.objects.create(code="R2", name="By the door", location=Location.objects.get())
    make.order(make.cash(1000))

    page = home()

    assert "R1 Till 1" in page
    assert "open since 23 Nov 12:00" in page
    assert "closed" in page
    assert "never" in page
    assert "Low, or below zero" in page
    assert "pos.keep_report_figures" in page
    assert "Dead letters" in page


def test_sh21_a_till_is_open_while_the_drawer_that_it_shares_has_an_open_shift(shop: Tenant, _now: None) -> None:
    shared = CashDrawer.objects.get()
    second = Register.objects.create(code="R2", name="By the door", location=Location.objects.get(), drawer=shared)
    shift = make.shift()

    open_page = home()
    Shift.objects.filter(id=shift.id).update(state="CLOSED", closed_at=NOW)
    closed_page = home()

    assert open_page.count("open since 23 Nov 12:00") == 2
    assert closed_page.count("closed since 27 Nov 00:30") == 2
    assert open_page.count(f"<td>{shared.name}</td>") == 2
    assert str(second) in open_page


def test_sh21_the_home_shows_open_exceptions_and_not_those_that_are_resolved(shop: Tenant, _now: None) -> None:
    for kind, resolved in (("clock-skew", None), ("price-drift", NOW)):
        ExceptionCase.objects.create(
            kind=kind, severity="HIGH", command_id=new_id(), opened_at=NOW, resolved_at=resolved,
            resolved_by="ada" if resolved else "",
        )  # fmt: skip

    page = home()

    assert "The device&#x27;s clock is wrong" in page
    assert "Sold at another price" not in page


def test_the_shop_s_name_is_on_every_page(shop: Tenant, north: Tenant) -> None:
    owner = people.owner()

    for path in ("", "pos/product/", "pos/product/add/", "pos/reportfigure/", "password_change/"):
        page = owner.get(f"/admin/{path}").content.decode()
        title = page[page.index("<title>") : page.index("</title>")]
        assert f"{north.name} · Tillflow" in title
        assert page.count(f">\n            {north.name}\n") + page.count(f" {north.name}") >= 1


def test_the_platform_s_home_has_no_cards_of_a_shop(shop: Tenant) -> None:
    page = people.operator().get("/admin/").content.decode()

    assert "tf-card" not in page


def test_a_cashier_s_home_has_no_sales(shop: Tenant) -> None:
    cashier = people.viewer("view_product", "view_order", name="cash")

    page = home(cashier)

    assert "Today," not in page
    assert "Events that wait" not in page
    assert "Tills" not in page


def statements(client: Any) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get("/admin/").status_code == 200
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "SET ")) for query in caught)


def test_the_home_takes_few_statements_whatever_the_history(shop: Tenant, _now: None) -> None:
    make.variant("MUG", 1000)
    make.shift()
    owner = people.owner()
    statements(owner)
    before = statements(owner)
    for _ in range(3):
        sell(NOW)
    _stock(300)
    _figures(2000)

    after = statements(owner)

    assert after == before
    assert after <= MOST_STATEMENTS


def _stock(rows: int) -> None:
    place = make.register().location_id
    StockItem.objects.bulk_create(
        StockItem(variant_id=new_id(), location_id=place, sku=f"S{number}", on_hand=Decimal(-1))
        for number in range(rows)
    )


def _figures(rows: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO pos_reportfigure (kind, direction, business_date, location_id, currency, hour, code, detail,
                name, documents, quantity, gross, discount, base, tax, rounding, total, expected, counted, position)
            SELECT 'SALES', 'SALE', '2020-01-01'::date + day, %s, 'EUR', 1, '', '', '', 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1
            FROM generate_series(1, %s) AS day""",
            [make.register().location_id, rows],
        )
