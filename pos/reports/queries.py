"""What can be asked of reports: the rows of one for a range of days, with the position of the log that they reflect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection  # noqa: TID251 - the rows and the position that they reflect are read in one statement
from django.db.models import Q, Sum, Value
from django.db.models.functions import Coalesce

from events.subscriptions.queries import REFLECTED
from kernel.refusals import Refusal
from kernel.walls import here
from pos.reports.definitions import Report
from pos.reports.models import ReportFigure
from staff.duty.queries import names_of_staff

KEEPS_FIGURES = "pos.keep_report_figures"
MOST_ROWS = 20_000
MOST_DAYS = 366
NO_STAFF = "no staff"


class ReportTooLarge(Refusal):
    code = "report-too-large"
    title = "Report too large"
    status = 422


class UnknownLocation(Refusal):
    code = "location-unknown"
    title = "Unknown location"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Asked:
    """:param first: the first day of business, `last` the last one. :param location_id: None for all.

    :param by_day: whether each day has rows.
    """

    first: date
    last: date
    location_id: UUID | None = None
    by_day: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """:param position: of the log, up to which the rows reflect it. :param head: where the log ends.

    :param parked: events up to the position that are not in the rows yet, because their handling failed.
    :param rows: amounts are minor units of `currency`. :param totals: of all rows, by currency.
    """

    position: int
    head: int
    parked: int
    rows: list[dict[str, Any]]
    totals: list[dict[str, Any]]


def report(chosen: Report, asked: Asked) -> Answer:
    """Add up a report.

    :raises ReportTooLarge: when it has more rows than anybody reads at once.
    """
    parameters = {
        **here(),
        "subscriber": KEEPS_FIGURES,
        "kind": chosen.kind.value,
        "first": asked.first,
        "last": asked.last,
        "location": asked.location_id,
        "most": MOST_ROWS + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(chosen, by_day=asked.by_day), parameters)
        found = cursor.fetchall()
    columns = columns_of(chosen, by_day=asked.by_day)
    if len(found) > MOST_ROWS:
        message = f"the report has more than {MOST_ROWS} rows: ask for fewer days, for one location, or by=range"
        raise ReportTooLarge(message)
    position, head, parked = found[0][:3] if found else (0, 0, 0)
    whole = {name for name, kind in columns.items() if kind in {"count", "amount"}}
    rows = [
        {name: int(value) if name in whole else value for name, value in zip(columns, row[4:], strict=True)}
        for row in found
        if row[3]
    ]
    if "staff_id" in columns:
        _name_staff(rows)
    return Answer(position=position, head=head, parked=parked, rows=rows, totals=_totals(chosen, rows))


def _name_staff(rows: Sequence[dict[str, Any]]) -> None:
    names = names_of_staff({row["staff_id"] for row in rows if row["staff_id"]})
    for row in rows:
        row["staff"] = names.get(row["staff_id"], row["staff"]) or NO_STAFF


def sales_of_days(days: Mapping[UUID, date]) -> list[dict[str, Any]]:
    """Add up one day of each location, by location, currency and hour. :param days: by the ids of the locations."""
    of_days = Q(pk__in=())
    for day in set(days.values()):
        of_days |= Q(business_date=day, location_id__in=[place for place, its in days.items() if its == day])
    sold, returned = Q(direction="SALE"), Q(direction="RETURN")
    found = ReportFigure.objects.filter(of_days, kind=ReportFigure.Kind.SALES)
    sums: Any = (
        found.values("location_id", "currency", "hour")
        .annotate(
            orders=Coalesce(Sum("documents", filter=sold), Value(0)),
            returns=Coalesce(Sum("documents", filter=returned), Value(0)),
            sold=Coalesce(Sum("total", filter=sold), Value(0)),
            returned=Coalesce(Sum("total", filter=returned), Value(0)),
        )
        .order_by("location_id", "currency", "hour")
    )
    return list(sums)


_SHOWN_BESIDE = {"register_id": "register", "staff_id": "staff", "drawer_id": "drawer", "shift_id": "shift"}


def columns_of(chosen: Report, *, by_day: bool) -> dict[str, str]:
    """Name the columns of a report's rows in their order, each with what it is: text, count, quantity or amount."""
    names = [*(["business_date"] if by_day else []), "location_id", "location"]
    for name in chosen.told_apart:
        names += [name, *([_SHOWN_BESIDE[name]] if name in _SHOWN_BESIDE else [])]
    names += ["sku", "name"] if "variant_id" in chosen.told_apart else ["name"] if chosen.named else []
    return {
        **dict.fromkeys([*names, "currency"], "text"),
        **dict.fromkeys(chosen.counts, "count"),
        **dict.fromkeys(chosen.quantities, "quantity"),
        **dict.fromkeys(chosen.amounts, "amount"),
    }


_LOOKED_UP = {
    "location": ("l.code", "LEFT JOIN pos_location l ON l.id = f.location_id"),
    "register": ("r.code", "LEFT JOIN pos_register r ON r.id = f.register_id"),
    "staff": ("f.staff_id::text", ""),
    "drawer": ("d.name", "LEFT JOIN pos_cashdrawer d ON d.id = f.drawer_id"),
    "shift": ("s.number", "LEFT JOIN pos_shift s ON s.id = f.shift_id"),
    "sku": ("v.sku", "LEFT JOIN pos_variant v ON v.id = f.variant_id"),
}


def _statement(chosen: Report, *, by_day: bool) -> str:
    """Write the statement of a report: all that is put into it is written in the code."""
    keys = {**({"business_date": "business_date"} if by_day else {}), "location_id": "location_id"}
    keys |= {**chosen.told_apart, "currency": "currency"}
    columns = columns_of(chosen, by_day=by_day)
    summed = [f"{column} AS {name}" for name, column in keys.items()]
    summed += ["(array_agg(name ORDER BY position DESC))[1] AS name"] if "name" in columns else []
    summed += [f"{column} AS {name}" for name, column in chosen.sums.items()]
    shown = [_LOOKED_UP[name][0] if name in _LOOKED_UP else f"f.{name}" for name in columns]
    joins = " ".join(join for name, (_, join) in _LOOKED_UP.items() if name in columns)
    order = ", ".join(f"f.{name}" for name in keys)
    return f"""
    WITH {REFLECTED}, summed AS (
        SELECT {", ".join(summed)} FROM pos_reportfigure
        WHERE kind = %(kind)s AND business_date BETWEEN %(first)s AND %(last)s
            AND (%(location)s::uuid IS NULL OR location_id = %(location)s)
        GROUP BY {", ".join(str(place) for place in range(1, len(keys) + 1))} LIMIT %(most)s
    )
    SELECT reflected.position, reflected.head, reflected.parked, f.currency IS NOT NULL, {", ".join(shown)}
    FROM reflected LEFT JOIN summed f ON true {joins} ORDER BY {order}
    """


def _totals(chosen: Report, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    totals: dict[str, dict[str, Any]] = {}
    for row in rows:
        total = totals.setdefault(row["currency"], {"currency": row["currency"], **_nothing(chosen)})
        for name in chosen.totalled:
            total[name] += row[name]
    return [totals[currency] for currency in sorted(totals)]


def _nothing(chosen: Report) -> dict[str, Any]:
    return {name: Decimal(0) if name in chosen.quantities else 0 for name in chosen.totalled}
