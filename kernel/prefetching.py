"""Rows that are at hand, in place of a query that would read them back."""

from collections.abc import Sequence

from django.db.models import Model


def hold_rows(row: Model, **related: Sequence[Model]) -> None:
    """Let the managers of a row answer with these rows, as if `prefetch_related` had read them."""
    held = {}
    for name, rows in related.items():
        held[name] = getattr(row, name).all()
        held[name]._result_cache = list(rows)  # noqa: SLF001 - as Django's prefetch_related fills it
    row._prefetched_objects_cache = held  # type: ignore[attr-defined] # noqa: SLF001
