"""A search of the admin that finds rows by an index: by what is on a receipt, not by a part of whatever column."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest


class ExactSearch:
    """A page whose rows are found by whole names: ids, numbers, addresses. Several words find what each of them does.

    `search_help_text` says what may be typed.
    """

    search_fields = ("id",)

    def found(self, word: str) -> QuerySet[Any]:
        """Return the rows that a word names."""
        raise NotImplementedError

    def get_search_results(self, _request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[Any, bool]:
        for word in search_term.split():
            queryset = queryset.filter(pk__in=self.found(word).values("pk"))
        return queryset, False
