"""Reports in the admin of a shop: pictures with a table beside them, and the same as CSV."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.timezone import get_current_timezone_name, now
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget

from kernel.money import formatted, written
from kernel.refusals import Refusal
from pos.profile.queries import current_profile
from pos.registers.models import Location
from pos.reports import spreadsheet
from pos.reports.definitions import REPORTS, Report
from pos.reports.models import ReportFigure
from pos.reports.queries import MOST_DAYS, Answer, Asked, columns_of, report
from staff.duty.queries import user_sees_differences
from web.admin import ShopReadOnlyAdmin, sentence_of
from web.admin.charts import Chart, bars

MOST_SHOWN = 500
"""Rows of the table on the page; a file has all."""
MOST_BARS = 40
HIDDEN = {"location_id", "register_id", "staff_id", "variant_id", "shift_id", "drawer_id"}
WEEK = 7


class ReportForm(forms.Form):
    report = forms.ChoiceField()
    to = forms.DateField(widget=UnfoldAdminDateWidget)
    location = forms.ChoiceField(required=False)
    by = forms.ChoiceField(choices=[("day", "Each day"), ("range", "All days together")])
    field_order = ("report", "from", "to", "location", "by")

    def __init__(self, data: Mapping[str, Any], *, locations: list[Location], reports: list[Report]) -> None:
        super().__init__(data)
        self.fields["report"].choices = [(each.name, each.title) for each in reports]  # type: ignore[attr-defined]
        self.fields["from"] = forms.DateField(widget=UnfoldAdminDateWidget)
        self.fields["location"].choices = [("", "All"), *((str(each.id), str(each)) for each in locations)]  # type: ignore[attr-defined]
        for name in ("report", "location", "by"):
            self.fields[name].widget = UnfoldAdminSelectWidget(choices=self.fields[name].choices)  # type: ignore[attr-defined]
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: when the range ends before it begins, or has too many days."""
        given = super().clean() or {}
        if {"from", "to"} <= set(given) and not 1 <= (given["to"] - given["from"]).days + 1 <= MOST_DAYS:
            message = f"A report is of 1 to {MOST_DAYS} days."
            raise ValidationError({"to": message})
        return given

    @property
    def asked(self) -> Asked:
        given = self.cleaned_data
        return Asked(
            first=given["from"],
            last=given["to"],
            location_id=given["location"] or None,
            by_day=given["by"] == "day",
        )


@admin.register(ReportFigure)
class ReportAdmin(ShopReadOnlyAdmin):
    money = ("gross", "discount", "base", "tax", "rounding", "total", "expected", "counted")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show a report, or send it as CSV. It is of the last seven days where no others are chosen."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        locations = list(Location.objects.order_by("code"))
        form = ReportForm({**_last_week(), **request.GET.dict()}, locations=locations, reports=_readable(request))
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "opts": self.model._meta,
            "title": "Reports",
            "form": form,
        }
        if form.is_valid():
            chosen = REPORTS[form.cleaned_data["report"]]
            try:
                answer = report(chosen, form.asked)
            except Refusal as refusal:
                form.add_error(None, sentence_of(refusal))
            else:
                if request.GET.get("format") == "csv":
                    return _file(chosen, form.asked, answer)
                context |= _shown(chosen, form.asked, answer)
                context["file"] = f"?{request.GET.urlencode()}&format=csv"
        return TemplateResponse(request, "admin/report.html", context)


def _readable(request: HttpRequest) -> list[Report]:
    """Return the reports that somebody may read: none of over and short, where they may not see differences."""
    sees = user_sees_differences(request)
    return [each for each in REPORTS.values() if sees or each.kind != ReportFigure.Kind.OVER_SHORT]


def _last_week() -> dict[str, Any]:
    today = current_profile().day_of(now(), timezone=get_current_timezone_name())
    return {"report": "sales", "from": today - timedelta(days=WEEK - 1), "to": today, "location": "", "by": "day"}


def _file(chosen: Report, asked: Asked, answer: Answer) -> HttpResponse:
    body = spreadsheet.written(columns_of(chosen, by_day=asked.by_day), answer.rows)
    name = f"{chosen.name}-{asked.first}-{asked.last}.csv"
    return HttpResponse(body, "text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _shown(chosen: Report, asked: Asked, answer: Answer) -> dict[str, Any]:
    columns = {name: kind for name, kind in columns_of(chosen, by_day=asked.by_day).items() if name not in HIDDEN}
    in_table = {name: kind for name, kind in columns.items() if name != "currency"}
    return {
        "chosen": chosen,
        "answer": answer,
        "charts": _charts(chosen, answer) if chosen.by in columns else [],
        "heads": [(name.replace("_", " "), kind != "text") for name, kind in in_table.items()],
        "rows": [_cells(row, in_table) for row in answer.rows[:MOST_SHOWN]],
        "cut": max(0, len(answer.rows) - MOST_SHOWN),
        "totals": [_cells(total, in_table) for total in answer.totals],
    }


def _cells(row: Mapping[str, Any], columns: Mapping[str, str]) -> list[tuple[str, bool]]:
    """Write the cells of a row for people, each with whether it is a number. What the row lacks is empty."""
    return [(_written(row.get(name), kind, row["currency"]), kind != "text") for name, kind in columns.items()]


def _written(value: Any, kind: str, currency: str) -> str:
    if value is None:
        return ""
    if kind == "amount":
        return formatted(value, currency)
    return written(value) if isinstance(value, Decimal) else str(value)


def _charts(chosen: Report, answer: Answer) -> list[Chart]:
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in answer.rows:
        sums[row["currency"]][_bar(row[chosen.by])] += row[chosen.chart]
    return [bars(chosen.title, _largest(amounts), currency) for currency, amounts in sums.items()]


def _bar(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:02}:00"
    return value.isoformat() if isinstance(value, date) else str(value or "not named")


def _largest(amounts: Mapping[str, int]) -> dict[str, int]:
    """Keep the largest where there are many, in the order of their names: a picture has so many bars."""
    kept = sorted(amounts, key=lambda name: -abs(amounts[name]))[:MOST_BARS]
    return {name: amounts[name] for name in sorted(kept)}
