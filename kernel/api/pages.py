"""Cursor pages: opaque and keyset, no offsets and no totals."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """A page of rows in the order of their ids (UUIDv7: by time). `?limit=` sets its size, at most 500."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "limit"
    ordering: str | tuple[str, ...] = "id"

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        """:raises NotFound: when the cursor is none that a page named."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError):
            raise NotFound(self.invalid_cursor_message) from None
