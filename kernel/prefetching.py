"""Rows that are at hand, in place of a query that would read them back."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model


class HeldRows(list[Model]):
    """What the manager of a row answers to `all()`. Whatever else is asked of it is asked of the database."""

    def __init__(self, rows: Sequence[Model], *, row: Model, name: str) -> None:
        super().__init__(rows)
        self._model, self._key, self._name = type(row), row.pk, name

    def __getattr__(self, asked: str) -> Any:
        return getattr(getattr(self._model(pk=self._key), self._name), asked)


def hold_rows(row: Model, **related: Sequence[Model]) -> None:
    """Let the managers of a row answer `all()` with these rows, as if `prefetch_related` had read them."""
    held = {name: HeldRows(rows, row=row, name=name) for name, rows in related.items()}
    row._prefetched_objects_cache = held  # type: ignore[attr-defined] # noqa: SLF001 - as prefetch_related fills it
