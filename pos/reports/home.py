"""The cards of the admin's home that say how the day goes: sales and tills."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import now

from kernel.money import formatted
from kernel.tenancy import in_public
from pos.cash.models import Shift
from pos.exceptions.models import ExceptionCase
from pos.profile.queries import current_profile
from pos.registers.models import Location, Register
from pos.reports.queries import sales_of_days
from web.admin.charts import Chart, bars
from web.admin.home import Card, home_card
from web.admin.zones import clock

MOST_TILLS = 50
MOST_CASES, SHOWN_CASES = 100, 10
SHORT = "%d %b %H:%M"


@home_card(10)
def sales_today(request: HttpRequest) -> Card | None:
    """Show the sales of today's day of business at each location, and by hour."""
    if in_public() or not request.user.has_perm("pos.view_reportfigure"):
        return None
    locations, profile, moment = list(Location.objects.order_by("code")), current_profile(), now()
    days = {each.id: profile.day_of(moment, timezone=each.timezone) for each in locations}
    sales = sales_of_days(days)
    return Card(
        title=f"Today, {' and '.join(f'{day:%A %d %B %Y}' for day in sorted(set(days.values())))}",
        figures=_figures(sales),
        charts=[_by_hour(sales, currency) for currency in _currencies(sales)],
        heads=("Location", "Day", "Orders", "Sales", "Returned"),
        rows=_by_location(sales, {each.id: each.name for each in locations}, days),
        note="Nothing was sold yet.",
        link=(reverse("admin:pos_reportfigure_changelist"), "All reports"),
    )


@home_card(20)
def tills(request: HttpRequest) -> Card | None:
    """Show each till: whether its drawer has an open shift, and when its terminals were last seen."""
    if in_public() or not request.user.has_perm("pos.view_register"):
        return None
    shifts = Shift.objects.filter(drawer=OuterRef("drawer"))
    opened = shifts.filter(state=Shift.State.OPEN).values("opened_at")[:1]
    closed = shifts.filter(state=Shift.State.CLOSED).order_by("-closed_at").values("closed_at")[:1]
    paired = Q(device__status="PAIRED")
    registers = (
        Register.objects.select_related("location", "drawer")
        .annotate(
            opened_at=Subquery(opened),
            closed_at=Subquery(closed),
            terminals=Count("device", filter=paired),
            seen_at=Max("device__last_used_at", filter=paired),
        )
        .order_by("code")
    )
    rows = [_till(register) for register in registers[:MOST_TILLS]]
    return Card(
        title="Tills",
        heads=("Till", "Location", "Drawer", "Shift", "Terminals", "Last seen"),
        rows=rows,
        note="There is no till yet.",
        link=(reverse("admin:pos_register_changelist"), "All tills: pair a terminal"),
    )


@home_card(40)
def open_exceptions(request: HttpRequest) -> Card | None:
    """Show sales that were accepted although something about them was wrong, or that wait for somebody to decide."""
    if in_public() or not request.user.has_perm("pos.view_exceptioncase"):
        return None
    found = list(ExceptionCase.objects.filter(resolved_at=None).order_by("-id")[: MOST_CASES + 1])
    more = " or more" if len(found) > MOST_CASES else ""
    return Card(
        title="Exceptions",
        figures=[("Open", f"{min(len(found), MOST_CASES)}{more}")],
        heads=("What", "Severity", "Since"),
        rows=[
            (case.get_kind_display(), case.get_severity_display(), clock(case.opened_at, SHORT))
            for case in found[:SHOWN_CASES]
        ],
        note="Nobody has to look at anything.",
        link=(reverse("admin:pos_exceptioncase_changelist"), "All exceptions"),
    )


def _till(register: Any) -> tuple[str, ...]:
    drawer = register.drawer.name if register.drawer else "none"
    closed = f"closed since {clock(register.closed_at, SHORT)}" if register.closed_at else "closed"
    shift = f"open since {clock(register.opened_at, SHORT)}" if register.opened_at else closed
    seen = clock(register.seen_at, SHORT) if register.seen_at else "never"
    return str(register), register.location.name, drawer, shift, str(register.terminals), seen


def _currencies(sales: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({row["currency"] for row in sales})


def _figures(sales: list[dict[str, Any]]) -> list[tuple[str, str]]:
    figures = []
    for currency in _currencies(sales):
        sums = _summed(row for row in sales if row["currency"] == currency)
        average = (2 * sums["sold"] + sums["orders"]) // (2 * sums["orders"]) if sums["orders"] else 0
        figures += [
            ("Sales, net of returns", formatted(sums["sold"] - sums["returned"], currency)),
            ("Orders", str(sums["orders"])),
            ("Average order", formatted(average, currency)),
            ("Returned", formatted(sums["returned"], currency)),
        ]
    return figures


def _by_hour(sales: Iterable[Mapping[str, Any]], currency: str) -> Chart:
    hours: dict[int, int] = defaultdict(int)
    for row in sales:
        if row["currency"] == currency:
            hours[row["hour"]] += row["sold"] - row["returned"]
    named = {f"{hour:02}:00": hours.get(hour, 0) for hour in range(min(hours), max(hours) + 1)}
    return bars("By hour", named, currency)


def _by_location(
    sales: list[dict[str, Any]], names: Mapping[UUID, str], days: Mapping[UUID, date]
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for place, currency in sorted({(row["location_id"], row["currency"]) for row in sales}, key=str):
        sums = _summed(row for row in sales if (row["location_id"], row["currency"]) == (place, currency))
        amounts = formatted(sums["sold"], currency), formatted(sums["returned"], currency)
        rows.append((names[place], f"{days[place]:%d %b}", str(sums["orders"]), *amounts))
    return rows


def _summed(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    sums = {"orders": 0, "sold": 0, "returned": 0}
    for row in rows:
        for name in sums:
            sums[name] += row[name]
    return sums
