"""Cursor pages: opaque and keyset, no offsets and no totals."""

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    """A page of rows in the order of their ids (UUIDv7: by time). `?limit=` sets its size, at most 500."""

    page_size = 100
    max_page_size = 500
    page_size_query_param = "limit"
    ordering = "id"
