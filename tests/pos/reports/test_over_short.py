"""What drawers were over and short: by shift, day, staff member and drawer, as the shifts have it (D1, C2)."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events.operations.rebuilding import rebuild
from events.testing.work import drain, settle
from pos.models import CashDrawer, Location, Register, ReportFigure, Shift
from pos.reports.definitions import REPORTS
from pos.reports.queries import KEEPS_FIGURES, Asked, report
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make, people
from tests.support.crew import StaffedTerminal, person
from tests.support.day import opened, sold
from tests.support.terminal import Terminal
from web.scopes import REPORTS_READ

DAY = timezone.now().date()
ALL = Asked(first=DAY - timedelta(days=1), last=DAY + timedelta(days=1))
SUMS = ("counts", "expected", "counted", "difference", "over", "short", "not_counted")
BY_SQL = """
SELECT {keys}, count(s.counted ->> x.key),
    coalesce(sum(x.value::bigint) FILTER (WHERE s.counted ? x.key), 0),
    coalesce(sum((s.counted ->> x.key)::bigint), 0),
    coalesce(sum((s.over_short ->> x.key)::bigint), 0),
    coalesce(sum((s.over_short ->> x.key)::bigint) FILTER (WHERE (s.over_short ->> x.key)::bigint > 0), 0),
    -coalesce(sum((s.over_short ->> x.key)::bigint) FILTER (WHERE (s.over_short ->> x.key)::bigint < 0), 0),
    coalesce(sum(x.value::bigint) FILTER (WHERE NOT s.counted ? x.key), 0)
FROM pos_shift s CROSS JOIN LATERAL jsonb_each_text(s.expected) x WHERE s.state = 'CLOSED' GROUP BY {by}
"""
Sums = dict[tuple[Any, ...], tuple[Any, ...]]


def by_sql(*columns: str) -> Sums:
    """Add up the rows of shifts. :param columns: what is told apart."""
    keys = len(columns)
    with connection.cursor() as cursor:
        cursor.execute(BY_SQL.format(keys=", ".join(columns), by=", ".join(map(str, range(1, keys + 1)))))
        return {tuple(row[:keys]): tuple(map(int, row[keys:])) for row in cursor.fetchall()}


def reported(name: str, *keys: str, by_day: bool = True) -> Sums:
    found = report(REPORTS[name], Asked(first=ALL.first, last=ALL.last, by_day=by_day)).rows
    return {tuple(row[key] for key in keys): tuple(row[each] for each in SUMS) for row in found}


def close(till: Terminal, shift: str, **counts: int) -> None:
    asked = [{"tender_type": name, "amount": {"amount": amount}} for name, amount in counts.items()]
    answer = till.post(f"/shifts/{shift}/close", {"counts": asked})
    assert answer.status_code == 200, answer.json()


@pytest.fixture
def days(shop: Tenant) -> dict[str, str]:
    """Close three shifts of two drawers: 0.50 short by Anna, 2.00 over by Ben at the shared drawer, and even."""
    make.variant("MUG", 1000)
    second = Register.objects.create(code="R2", name="Two", location=Location.objects.get())
    anna, ben = person("ANNA", "manager"), person("BEN", "manager")
    here, there = StaffedTerminal().sign_in(anna), StaffedTerminal("Door", second.code).sign_in(ben)
    first = opened(here)
    sold(here)
    sold(here, type_="card")
    close(here, first, cash=10950)
    shared = opened(here)
    Register.objects.filter(code="R2").update(drawer=CashDrawer.objects.get(registers__code="R1"))
    there = StaffedTerminal("Shared", "R2").sign_in(ben)
    sold(there, type_="card")
    close(there, shared, cash=10200, card=1000)
    even = opened(here, 0)
    close(here, even, cash=0)
    settle()
    return {"ANNA": str(anna.id), "BEN": str(ben.id), "first": first, "shared": shared, "even": even}


def test_d1_over_and_short_are_what_closed_shifts_have(days: dict[str, str]) -> None:
    shift, drawer, staff, day, type_ = "s.id", "s.drawer_id", "s.closed_by", "s.closed_at::date", "x.key"

    assert reported("over-short", "shift_id", "drawer_id", "staff_id", "tender_type") == by_sql(
        shift, drawer, staff, type_
    )
    assert reported("over-short-days", "business_date", "tender_type") == by_sql(day, type_)
    assert reported("over-short-staff", "staff_id", "tender_type", by_day=False) == by_sql(staff, type_)
    assert reported("over-short-drawers", "drawer_id", "tender_type", by_day=False) == by_sql(drawer, type_)
    assert len(by_sql(shift, type_)) == 5


def test_c2_what_is_over_and_what_is_short_do_not_hide_each_other(days: dict[str, str]) -> None:
    found = reported("over-short-days", "tender_type")
    by_staff = reported("over-short-staff", "staff", "tender_type")

    assert found["cash",] == (3, 21000, 21150, 150, 200, 50, 0)
    assert found["card",] == (1, 1000, 1000, 0, 0, 0, 1000)
    assert (by_staff["Anna", "cash"][3], by_staff["Ben", "cash"][3]) == (-50, 200)


def test_a_shift_is_named_by_its_number_and_its_drawer(days: dict[str, str]) -> None:
    rows = report(REPORTS["over-short"], ALL).rows

    assert {(row["shift"], row["drawer"], row["staff"]) for row in rows} == {
        (1, CashDrawer.objects.get(registers__code="R1").name, "Anna"),
        (2, CashDrawer.objects.get(registers__code="R1").name, "Ben"),
        (3, CashDrawer.objects.get(registers__code="R1").name, "Anna"),
    }


def test_d1_over_and_short_reflect_the_log_up_to_their_position(days: dict[str, str], api: Terminal) -> None:
    before = report(REPORTS["over-short"], ALL)
    till = StaffedTerminal("Third").sign_in(person("CARL", "manager"))
    close(till, opened(till), cash=9000)

    behind = report(REPORTS["over-short"], ALL)
    drain(KEEPS_FIGURES)
    after = report(REPORTS["over-short"], ALL)

    assert behind.rows == before.rows
    assert behind.position < behind.head
    assert after.position == after.head
    assert after.totals[0]["difference"] == before.totals[0]["difference"] - 1000


def test_what_comes_later_amends_the_z_and_not_what_was_counted(days: dict[str, str]) -> None:
    before = by_sql("s.id", "x.key")
    till = StaffedTerminal("Late").sign_in(person("CARL", "manager"))
    sold(till)
    settle()

    assert Shift.objects.get(id=days["even"]).amendments.count() == 1
    assert reported("over-short", "shift_id", "tender_type") == before == by_sql("s.id", "x.key")


def test_d1_over_and_short_are_made_again_from_the_log(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    till = StaffedTerminal().sign_in(person("ANNA", "manager"))
    close(till, opened(till), cash=9950)
    settle()
    before = reported("over-short", "shift_id")
    ReportFigure.objects.all().delete()

    lost = rebuild(subscriber=KEEPS_FIGURES, operator="user:ada")
    rebuild(subscriber=KEEPS_FIGURES, operator="user:ada", swap=True)

    assert lost.missing == 1
    assert list(before.values()) == [(1, 10000, 9950, -50, 0, 50, 0)]
    assert reported("over-short", "shift_id") == before


def test_over_and_short_are_json_csv_and_a_page_with_a_picture(days: dict[str, str]) -> None:
    reader = Terminal("north.localhost", issue_api_key(name="reader", scopes=[REPORTS_READ]))
    asked = {"from": ALL.first.isoformat(), "to": ALL.last.isoformat()}

    shown = reader.get("/reports/over-short", **asked).json()["rows"]
    file = reader.client.get("/api/v1/reports/over-short", asked, headers={**reader.headers, "Accept": "text/csv"})
    page = people.owner().get("/admin/pos/reportfigure/", {**asked, "report": "over-short", "by": "day"})

    short = next(row for row in shown if row["shift_id"] == days["first"] and row["tender_type"] == "cash")
    assert (short["expected"], short["counted"], short["difference"], short["short"]) == (11000, 10950, -50, 50)
    written = [{name: "" if value is None else str(value) for name, value in row.items()} for row in shown]
    assert list(csv.DictReader(io.StringIO(file.content.decode()))) == written
    assert date.fromisoformat(short["business_date"]) in {ALL.first, DAY, ALL.last}
    text = page.content.decode()
    assert '<canvas class="chart"' in text
    assert "-0.50 EUR" in text
    assert "Ben" in text
