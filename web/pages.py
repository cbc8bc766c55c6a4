"""Cursor pages: opaque and keyset, no offsets and no totals."""

from base64 import b64decode
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qs

from django.core.exceptions import ValidationError
from django.db.models import Subquery
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from web.errors import ApiProblem


class Pages(CursorPagination):
    """A page of rows in the order of their ids (UUIDv7: by time). `?limit=` sets its size, at most 500."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "limit"
    ordering: str | tuple[str, ...] = "id"

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        """:raises ApiProblem: when the cursor is none that a page named."""
        try:
            _require_cursor(request.query_params.get(self.cursor_query_param))
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, exceptions.NotFound):
            detail = "This is no cursor: follow the `next` and `previous` that a page has given."
            raise ApiProblem(400, "cursor-invalid", detail) from None

    def get_page_size(self, request: Request) -> int:
        """:raises ValidationError: when a limit is given that is not a number from 1 to the largest page."""
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and len(given) < 6 and 1 <= int(given) <= self.max_page_size):
            detail = f"The limit is a whole number from 1 to {self.max_page_size}."
            raise exceptions.ValidationError({"limit": [detail]}, code="limit")
        return int(given)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:  # noqa: ARG002 - DRF's signature
        cursor = {
            "name": self.cursor_query_param,
            "in": "query",
            "required": False,
            "description": "Where the page begins: a part of the `next` or `previous` of another page",
            "schema": {"type": "string"},
        }
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        limit = {"name": "limit", "in": "query", "required": False, "description": "Rows on a page", "schema": size}
        return [cursor, limit]


class WeighedPages(Pages):
    """Pages of rows that nest others. A page ends before its rows nest more than `most_nested`; it has one at least."""

    nested: Subquery
    """How many rows a row nests."""
    most_nested: int
    _fitting: int | None = None

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        self._fitting = None
        ordered_by = self.get_ordering(request, queryset, view)
        bare = queryset.select_related(None).prefetch_related(None).only("id", *ordered_by)
        weighed = bare.annotate(nested=self.nested)
        rows = super().paginate_queryset(weighed, request, view)
        nested = [row.nested or 0 for row in (reversed(rows) if self.cursor and self.cursor.reverse else rows)]
        self._fitting = max(1, sum(total <= self.most_nested for total in accumulate(nested)))
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        return min(super().get_page_size(request), self._fitting or self.max_page_size)


class RecordedPages(WeighedPages):
    """Pages of documents: in the order of their ids, or of when they were recorded, where that is asked for."""

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> Any:
        by_time = {"recorded_from", "recorded_before"} & set(request.query_params)
        return ("recorded_at", "id") if by_time else super().get_ordering(request, queryset, view)


def _require_cursor(encoded: str | None) -> None:
    """:raises ValueError: when a cursor is given that is not written as Django REST Framework writes them."""
    if encoded is not None:
        written = b64decode(encoded.encode("ascii"), validate=True).decode("ascii")
        names = set(parse_qs(written, strict_parsing=True))
        if not names or not names <= {"o", "p", "r"}:
            raise ValueError(written)
