"""Reports for integrators: as JSON and as CSV."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, OpenApiTypes
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel import limits
from kernel.refusals import NotFound
from pos.registers.queries import find_place
from pos.reports.definitions import REPORTS, Report
from pos.reports.queries import MOST_DAYS, Answer, Asked, ReportTooLarge, UnknownLocation, columns_of, report
from pos.reports.spreadsheet import plain, written
from web.fields import Choice, Text
from web.inputs import Query
from web.operations import operation
from web.scopes import REPORTS_READ, require_scope

DAY, RANGE = "day", "range"
NAME = OpenApiParameter("name", {"type": "string", "enum": list(REPORTS)}, OpenApiParameter.PATH)


class ReportQuery(Query):
    to = serializers.DateField(source="last", help_text=f"The last day of business, at most {MOST_DAYS} in all")
    location = Text(limits.CODE, required=False, help_text="The code or id of a location; all, where it is left out")
    by = Choice([DAY, RANGE], default=DAY, help_text="Whether each day has rows, or the whole range")

    def get_fields(self) -> dict[str, Any]:
        first = serializers.DateField(source="first", help_text="The first day of business")
        return {"from": first, **super().get_fields()}

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """:raises ValidationError: when the range ends before it begins, or has too many days."""
        days = (asked["last"] - asked["first"]).days + 1
        if not 1 <= days <= MOST_DAYS:
            message = f"A report is of 1 to {MOST_DAYS} days: this range has {days}."
            raise serializers.ValidationError({"to": [serializers.ErrorDetail(message, code="range")]})
        return asked


class ReportSerializer(serializers.Serializer[Any]):
    """Rows of a report: each a day of business (or the range), a place and a currency, and what the report tells apart.
    Amounts are minor units of the row's `currency`, quantities decimals in strings.
    """

    report = serializers.CharField()
    position = serializers.IntegerField(help_text="Of the log, up to which the rows reflect it")
    head = serializers.IntegerField(help_text="Where the log ends")
    parked = serializers.IntegerField(help_text="Events whose handling failed so far: they are not in the rows")
    rows = serializers.ListField(child=serializers.DictField())
    totals = serializers.ListField(
        child=serializers.DictField(),
        help_text="Of all rows, by currency; without numbers of documents that are in several rows",
    )


class CsvRenderer(BaseRenderer):
    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, *_arguments: Any, **_options: Any) -> bytes:
        return data["csv"] if isinstance(data["csv"], bytes) else b""


class ReportView(APIView):
    permission_classes = [require_scope(REPORTS_READ)]
    renderer_classes = (JSONRenderer, CsvRenderer)

    @operation(
        "get_report",
        query=ReportQuery,
        answers={(200, "application/json"): ReportSerializer, (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)},
        refuses=[NotFound, UnknownLocation, ReportTooLarge],
        parameters=[NAME],
    )
    def get(self, request: Request, asked: dict[str, Any], name: str) -> Response:
        """Add up a report over days of business, net of what came back, with the gross beside it.

        It reflects the shop's events up to `position`: figures of orders a moment ago may be on their way. An order
        that arrives late belongs to its own day of business.
        """
        chosen = _existing(name)
        range_ = asked_of(asked)
        answer = report(chosen, range_)
        if request.accepted_renderer.format == "csv":
            named = {"Content-Disposition": f'attachment; filename="{file_of(chosen, range_)}"'}
            return Response({"csv": written(columns_of(chosen, by_day=range_.by_day), answer.rows)}, headers=named)
        return Response({"report": name, **_shown(answer)})


def _existing(name: str) -> Report:
    if name not in REPORTS:
        message = f"there is no report {name[:40]!r}; there are {', '.join(REPORTS)}"
        raise NotFound(message)
    return REPORTS[name]


def asked_of(query: Mapping[str, Any]) -> Asked:
    """:raises UnknownLocation: when the shop has no such location."""
    named = query.get("location")
    place = find_place("location", named) if named else None
    if named and place is None:
        message = f"this shop has no location {named!r}: name one by its code or id"
        raise UnknownLocation(message)
    return Asked(
        first=query["first"],
        last=query["last"],
        location_id=place.location_id if place else None,
        by_day=query["by"] == DAY,
    )


def file_of(chosen: Report, asked: Asked) -> str:
    return f"{chosen.name}-{asked.first}-{asked.last}.csv"


def _shown(answer: Answer) -> dict[str, Any]:
    return {
        "position": answer.position,
        "head": answer.head,
        "parked": answer.parked,
        "rows": [plain(row) for row in answer.rows],
        "totals": [plain(total) for total in answer.totals],
    }
