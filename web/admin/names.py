"""What people call a row of which another one keeps the id: pages show its name, which leads to it, and no id."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html

Find = Callable[[Collection[UUID]], Mapping[UUID, str]]


@dataclass(frozen=True, kw_only=True)
class Named:
    """:param page: the name of the page that a row has in the admin. :param text: what people call the row."""

    page: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """:param ids: the column that keeps the ids. :param kinds: of rows that they may be of."""

    ids: str
    kinds: tuple[str, ...]


_kinds: dict[str, tuple[str, Find]] = {}


def name_rows_by(kind: str, page: str, find: Find) -> None:
    """Say what rows of a kind are called. :param page: as `pos_order`. :param find: one statement for all ids."""
    _kinds[kind] = (page, find)


def named(ids: str, *kinds: str, label: str) -> Any:
    """Make a column of names of the ids in a column. In a list, it takes one statement for each kind."""
    column = Column(ids=ids, kinds=kinds)

    def shown(_page: Any, row: Any) -> str:
        id_ = getattr(row, ids)
        if id_ is None:
            return "-"
        remembered: dict[Column, dict[UUID, Named]] = row.__dict__.get("names", {})
        names = remembered[column] if column in remembered else names_of(column, [id_])
        return link(names[id_], id_) if id_ in names else str(id_)

    shown.short_description = label  # type: ignore[attr-defined]
    shown.column = column  # type: ignore[attr-defined]
    return shown


def link(name: Named, id_: UUID) -> str:
    return format_html(
        '<a href="{}" class="underline">{}</a>', reverse(f"admin:{name.page}_change", args=[id_]), name.text
    )


def remember_names(rows: Iterable[Any], shown: Iterable[Any]) -> None:
    """Find the names that a list shows, for all of its rows at once. :param shown: what stands in its columns."""
    columns = [each.column for each in shown if isinstance(getattr(each, "column", None), Column)]
    if not columns:
        return
    found = {column: names_of(column, {getattr(row, column.ids) for row in rows} - {None}) for column in columns}
    for row in rows:
        row.names = found


def names_of(column: Column, ids: Collection[UUID]) -> dict[UUID, Named]:
    found: dict[UUID, Named] = {}
    left = set(ids)
    for kind in column.kinds:
        page, find = _kinds[kind]
        if left:
            found |= {id_: Named(page=page, text=text) for id_, text in find(left).items()}
            left -= set(found)
    return found
