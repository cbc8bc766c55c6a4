"""A search of the admin that finds rows by an index: by what is on a receipt, not by a part of whatever column."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from web.admin.money import MajorUnits


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


def amount_is(word: str, currencies: Iterable[str], *, amount: str, currency: str = "currency") -> Q:
    """Return the condition that an amount is the word, as it is written in one of the currencies.

    :param amount: the column, in minor units. :param currency: that of the currency.
    """
    condition = Q(pk__in=[])
    for each in currencies:
        with suppress(ValidationError):
            condition |= Q(**{amount: MajorUnits(currency=each).clean(word), currency: each})
    return condition
