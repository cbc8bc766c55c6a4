"""Each report equals what its rows come to: at random days, in two currencies, with returns, voids and late orders (D1)."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from events.event import decode
from events.log.log import head
from events.operations.rebuilding import rebuild
from events.testing.work import drain, settle
from pos.models import Order, OrderLineTax, Refund, ReportFigure, Return, ReturnLine, Tender
from pos.orders.services.placing import place_order
from pos.reports.definitions import REPORTS
from pos.reports.figures import figures_of
from pos.reports.queries import KEEPS_FIGURES, Asked, report
from pos.reports.rows import Figure
from pos.reports.services import keep_figures
from tenants.models import Tenant
from tests.support import make
from tests.support.golden import golden
from tests.support.trading import FIRST, trade, two_places

ALL = Asked(first=date(2026, 11, 1), last=date(2026, 12, 31))
Sums = dict[tuple[Any, ...], tuple[Any, ...]]


def reported(name: str, keys: Iterable[str], sums: Iterable[str]) -> Sums:
    found = report(REPORTS[name], ALL).rows
    return {tuple(row[key] for key in keys): tuple(row[each] for each in sums) for row in found}


def added(rows: Iterable[tuple[tuple[Any, ...], tuple[Any, ...]]]) -> Sums:
    made: dict[tuple[Any, ...], list[Any]] = {}
    for key, values in rows:
        known = made.setdefault(key, [0] * len(values))
        for place, value in enumerate(values):
            known[place] += value
    return {key: tuple(values) for key, values in made.items()}


def completed() -> list[Order]:
    found = Order.objects.filter(status="COMPLETED").select_related("register__location")
    return list(found.prefetch_related("lines"))


def returns() -> list[Return]:
    return list(Return.objects.select_related("register__location"))


def place(document: Any) -> tuple[Any, ...]:
    return document.business_date, document.register.location.code, document.currency


def sales(document: Any) -> tuple[int, ...]:
    if isinstance(document, Order):
        gross = sum(line.gross for line in document.lines.all())
        return 1, 0, gross, document.discount_total, document.total, 0, document.tax_total, document.rounding_adjustment
    return 0, 1, 0, 0, 0, document.total, -document.tax_total, -document.rounding_adjustment


SALES = ("orders", "returns", "gross", "discounts", "sold", "returned", "tax", "rounding")


@pytest.fixture
def traded(shop: Tenant) -> None:
    trade(two_places(), seed=20261126)
    assert {order.currency for order in completed()} == {"EUR", "USD"}
    assert Return.objects.exists()
    assert Order.objects.filter(status="VOIDED").exists()
    assert Order.objects.filter(status="PLACED").exists()


def test_d1_sales_and_hours_are_the_orders_and_returns(traded: None) -> None:
    documents = [*completed(), *returns()]

    by_register = added(((*place(each), each.register.code), sales(each)) for each in documents)
    by_hour = added(((*place(each), hour_of(each)), sales(each)) for each in documents)

    assert reported("sales", ["business_date", "location", "currency", "register"], SALES) == by_register
    assert reported("hours", ["business_date", "location", "currency", "hour"], SALES) == by_hour
    assert len(by_hour) > 10


def hour_of(document: Any) -> int:
    return int(document.occurred_at.astimezone(ZoneInfo(document.register.location.timezone)).hour)


def test_staff_that_nobody_named_is_no_staff(traded: None) -> None:
    found = report(REPORTS["staff"], ALL).rows

    assert {row["staff"] for row in found} == {"no staff"}
    by_place = added((place(each), sales(each)) for each in [*completed(), *returns()])
    assert reported("staff", ["business_date", "location", "currency"], SALES) == by_place


def test_sales_are_told_apart_by_who_took_them(shop: Tenant) -> None:
    make.variant()
    make.shift()
    ada, ben = make.new_id(), make.new_id()
    for staff_id in (ada, ada, ben, None):
        place_order(
            id=make.new_id(), register=make.register(), device=None, lines=[make.asked()], tenders=[make.cash(1000)],
            occurred_at=make.NOW, now=make.NOW, fingerprint="", staff_id=staff_id,
        )  # fmt: skip
    settle()

    found = {row["staff_id"]: (row["staff"], row["orders"]) for row in report(REPORTS["staff"], ALL).rows}

    assert found == {ada: (str(ada), 2), ben: (str(ben), 1), None: ("no staff", 1)}


def test_d1_taxes_are_those_of_the_lines_by_code_and_rate(traded: None) -> None:
    sold = [
        ((*place(tax.line.order), tax.code, tax.rate), (tax.base, tax.amount, 0, 0))
        for tax in OrderLineTax.objects.select_related("line__order__register__location")
        if tax.line.order.status == "COMPLETED"
    ]
    back = [
        ((*place(line.parent), tax["code"], Decimal(tax["rate"])), (0, 0, tax["base"], tax["amount"]))
        for line in ReturnLine.objects.select_related("parent__register__location")
        for tax in line.taxes
    ]
    made = added([*sold, *back])
    found = reported(
        "taxes", ["business_date", "location", "currency", "tax_code", "rate"],
        ["base_sold", "tax_sold", "base_returned", "tax_returned"],
    )  # fmt: skip

    assert {(*key[:4], Decimal(key[4])): sums for key, sums in found.items()} == made
    assert len({key[3] for key in made}) >= 4


def test_d1_tenders_are_what_was_taken_and_given_back_on_its_day(traded: None) -> None:
    taken = [
        (
            (
                tender.order.business_date if tender.kind == "GATEWAY" else tender.business_date,
                tender.register.location.code, tender.order.currency, tender.register.code, tender.type.code,
            ),
            (1, 0, tender.paid, 0),
        )
        for tender in Tender.objects.select_related("order", "register__location", "type")
        if tender.state == "SETTLED" and (tender.kind != "GATEWAY" or tender.order.status == "COMPLETED")
    ]  # fmt: skip
    refunded = [
        ((*place(refund.parent), refund.parent.register.code, refund.type.code), (0, 1, 0, refund.amount))
        for refund in Refund.objects.select_related("parent__register__location", "type")
        if refund.parent
    ]

    assert reported(
        "tenders", ["business_date", "location", "currency", "register", "tender_type"],
        ["payments", "refunds", "taken", "refunded"],
    ) == added([*taken, *refunded])  # fmt: skip
    assert {key[4] for key in added(taken)} == {"cash", "gateway"}


def test_d1_products_are_the_lines(traded: None) -> None:
    sold = [
        ((*place(order), line.variant_id), (line.quantity, 0, line.gross, line.total, 0))
        for order in completed()
        for line in order.lines.all()
    ]
    back = [
        ((*place(line.parent), line.variant_id), (0, line.quantity, 0, 0, line.total))
        for line in ReturnLine.objects.select_related("parent__register__location")
    ]

    assert reported(
        "products", ["business_date", "location", "currency", "variant_id"],
        ["items", "items_returned", "gross", "sold", "returned"],
    ) == added([*sold, *back])  # fmt: skip


def test_d1_refunds_and_discounts(traded: None) -> None:
    back = added(
        (place(line.parent), (line.quantity, line.total, line.tax_total))
        for line in ReturnLine.objects.select_related("parent__register__location")
    )
    given = added((place(order), (order.discount_total,)) for order in completed() if order.discount_total)

    keys = ["business_date", "location", "currency"]
    assert reported("refunds", keys, ["items_returned", "returned", "tax_returned"]) == back
    assert reported("discounts", keys, ["given"]) == given


@pytest.mark.parametrize("name", ["products", "discounts"])
def test_no_total_counts_an_order_once_for_each_of_its_rows(traded: None, name: str) -> None:
    assert any(row["orders"] for row in report(REPORTS[name], ALL).rows)
    assert all("orders" not in total for total in report(REPORTS[name], ALL).totals)


def test_every_report_s_totals_are_its_rows_by_currency_and_its_range_is_its_days(traded: None) -> None:
    for chosen in REPORTS.values():
        by_day, by_range = report(chosen, ALL), report(chosen, Asked(first=ALL.first, last=ALL.last, by_day=False))

        assert by_day.totals == by_range.totals
        assert len(by_range.rows) <= len(by_day.rows)
        for total in by_day.totals:
            rows = [row for row in by_day.rows if row["currency"] == total["currency"]]
            assert {name: sum(row[name] for row in rows) for name in chosen.totalled} == {
                name: total[name] for name in chosen.totalled
            }
    assert [total["currency"] for total in report(REPORTS["sales"], ALL).totals] == ["EUR", "USD"]


def test_a_report_reflects_the_log_up_to_its_position(shop: Tenant) -> None:
    make.variant()
    make.order(make.cash(1000))
    settle()
    before = report(REPORTS["sales"], ALL)
    make.order(make.cash(1000))

    behind = report(REPORTS["sales"], ALL)
    drain(KEEPS_FIGURES)
    after = report(REPORTS["sales"], ALL)

    assert (before.rows[0]["orders"], behind.rows, after.rows[0]["orders"]) == (1, before.rows, 2)
    assert before.position == behind.position < behind.head == head("north")
    assert after.position == after.head
    assert max(ReportFigure.objects.values_list("position", flat=True)) <= after.position


def test_an_order_that_arrives_late_belongs_to_its_own_day(shop: Tenant) -> None:
    make.variant()
    make.order(make.cash(1000))
    place_order(
        id=make.new_id(), register=make.register(), device=None, lines=[make.asked()], tenders=[make.cash(1000)],
        occurred_at=FIRST, now=make.NOW, fingerprint="",
    )  # fmt: skip
    settle()

    assert [(str(row["business_date"]), row["orders"]) for row in report(REPORTS["sales"], ALL).rows] == [
        ("2026-11-20", 1),
        ("2026-11-23", 1),
    ]


def test_training_is_in_no_report(shop: Tenant) -> None:
    make.variant()
    make.shift()
    place_order(
        id=make.new_id(), register=make.register(), device=None, lines=[make.asked()], tenders=[make.cash(1000)],
        occurred_at=make.NOW, now=make.NOW, fingerprint="", training=True,
    )  # fmt: skip
    settle()

    assert not ReportFigure.objects.exists()


@pytest.mark.parametrize(
    ("name", "version"), [("pos.order_placed", 2), ("pos.order_completed", 2), ("pos.return_completed", 3)]
)
def test_an_event_of_training_adds_nothing(name: str, version: int) -> None:
    told = golden(name, version)
    (tender,) = golden("pos.order_completed", 2)["tenders"]
    taken = {"tenders": [{**tender, "register_id": str(make.new_id())}]} if "tenders" in told else {}
    read = [decode(name, version, json.dumps({**told, **taken, "training": training})) for training in (False, True)]

    assert [bool(figures_of(event, 1)) for event in read] == [True, False]


def kept() -> Counter[tuple[Any, ...]]:
    names = [field.attname for field in ReportFigure._meta.concrete_fields if field.attname != "id"]
    return Counter(ReportFigure.objects.values_list(*names))


def test_d1_figures_that_are_deleted_are_made_again_from_the_log(committed: Tenant) -> None:
    make.variant()
    order = make.order(make.cash(2000), lines=[make.asked(quantity="2")])
    make.order(make.card(400), make.cash(600))
    settle()
    make.return_(order, make.returning(order))
    settle()
    before = kept()
    same = rebuild(subscriber=KEEPS_FIGURES, operator="user:ada")
    ReportFigure.objects.all().delete()

    lost = rebuild(subscriber=KEEPS_FIGURES, operator="user:ada")
    rebuild(subscriber=KEEPS_FIGURES, operator="user:ada", swap=True)

    assert same.same
    assert (lost.missing, lost.surplus) == (len(before), 0)
    assert kept() == before
    assert report(REPORTS["sales"], ALL).totals[0]["total"] == 2000


def test_figures_are_kept_with_one_statement_for_any_number_of_events(
    shop: Tenant, django_assert_num_queries: Any
) -> None:
    location = make.register().location_id
    figures = [
        Figure(
            kind="PRODUCTS", direction="SALE", business_date=FIRST.date(), location_id=location, currency="EUR",
            position=number, code=f"C{number % 50}", total=10**12,
        )
        for number in range(500)
    ]  # fmt: skip

    with django_assert_num_queries(1):
        keep_figures(figures=figures)
    with django_assert_num_queries(1):
        keep_figures(figures=figures)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), sum(total), min(total), max(position) FROM pos_reportfigure")
        assert cursor.fetchone() == (50, 1000 * 10**12, 20 * 10**12, 499)
