"""Reports in the admin: who reads them, and what they show."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from events.testing.work import settle
from pos.reports.definitions import REPORTS
from staff.models import User
from staff.services import define_roles
from tenants.models import Tenant
from tests.support import make, people

PAGE = "/admin/pos/reportfigure/"
DAY = {"from": "2026-11-23", "to": "2026-11-23"}


@pytest.fixture
def sold(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(2000), lines=[make.asked(quantity="2")])
    settle()
    make.return_(order, make.returning(order))
    settle()


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_a_page_with_a_picture_and_a_table(sold: None, name: str) -> None:
    page = people.owner().get(PAGE, {**DAY, "report": name, "by": "day", "location": ""})

    text = page.content.decode()
    assert page.status_code == 200
    assert f'<h2 class="tf-title">{REPORTS[name].title}</h2>' in text
    empty = REPORTS[name].kind in {"DISCOUNTS", "OVER_SHORT"}
    assert ('<canvas class="chart"' in text) == (not empty)
    assert ("As a table" in text) == (not empty)
    assert ("There is nothing to report" in text) == empty


def test_the_page_shows_what_came_in_and_its_file_has_the_same(sold: None) -> None:
    owner = people.owner()
    asked = {**DAY, "report": "sales", "by": "day", "location": ""}

    page = owner.get(PAGE, asked).content.decode()
    file = owner.get(PAGE, {**asked, "format": "csv"})

    assert "20.00 EUR" in page
    assert "no-store" in file["Cache-Control"] or "private" in file["Cache-Control"]
    assert file["Content-Type"] == "text/csv"
    (row,) = csv.DictReader(io.StringIO(file.content.decode()))
    assert (row["sold"], row["returned"], row["total"]) == ("2000", "1000", "1000")


@pytest.mark.parametrize(("days_later", "shown"), [(0, True), (6, True), (7, False), (-1, False)])
def test_the_first_page_is_the_last_week(
    sold: None, monkeypatch: pytest.MonkeyPatch, days_later: int, shown: bool
) -> None:
    owner = people.owner()
    monkeypatch.setattr("pos.reports.admin.now", lambda: make.NOW + timedelta(days=days_later))

    page = owner.get(PAGE)

    assert page.status_code == 200
    assert ("20.00 EUR" in page.content.decode()) == shown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"from": "2026-11-24", "to": "2026-11-23"}, "A report is of 1 to 366 days."),
        ({"from": "yesterday"}, "Enter a valid date."),
        ({"report": "profits"}, "Select a valid choice."),
        ({"location": "there"}, "Select a valid choice."),
    ],
)
def test_what_is_no_report_is_said_in_the_form(sold: None, asked: dict[str, str], said: str) -> None:
    page = people.owner().get(PAGE, {**DAY, **asked})

    assert page.status_code == 200
    assert said in page.content.decode()


def hired(role: str) -> Client:
    define_roles()
    person = User.objects.create_user(role, password=people.PASSWORD, is_staff=True)
    person.groups.add(Group.objects.get(name=role))
    return people.signed_in(person)


def test_an_accountant_reads_reports_and_a_cashier_does_not(sold: None) -> None:
    seen: dict[str, Any] = {
        role: hired(role).get(PAGE, {**DAY, "report": "sales"}).status_code
        for role in ("accountant", "store manager", "cashier", "stock clerk")
    }

    assert seen == {"accountant": 200, "store manager": 200, "cashier": 403, "stock clerk": 403}


def test_over_and_short_is_a_report_for_whoever_may_see_it_on_other_pages(sold: None) -> None:
    """By their role at the till, or where they have none by their permission to view shifts."""
    with_shifts = people.viewer("view_reportfigure", "view_shift", name="with")
    without = people.viewer("view_reportfigure", name="without")

    page = with_shifts.get(PAGE, {**DAY, "report": "over-short"})
    refused = without.get(PAGE, {**DAY, "report": "over-short"})

    assert page.context["form"].is_valid()
    assert list(refused.context["form"].errors) == ["report"]
    assert "Over and short" not in refused.content.decode()


def test_nobody_writes_figures(sold: None) -> None:
    owner = people.owner()

    assert owner.get(f"{PAGE}add/").status_code == 403


def test_a_name_in_a_report_is_text_and_not_markup(shop: Tenant) -> None:
    make.variant("<b>", 1000)
    make.order(make.cash(1000), lines=[make.asked("<b>")])
    settle()

    page = people.owner().get(PAGE, {**DAY, "report": "products", "by": "day", "location": ""}).content.decode()

    assert "The &lt;b&gt;" in page
    assert "The <b>" not in page
