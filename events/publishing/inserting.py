"""INSERTs of whole rows, made of the models: one statement and one parameter for all rows of a model.

The rows travel as JSON, which the table's row type reads: the text of the statement is the same for every number of
rows, and costs a fifth of what the ORM's takes to write. Columns and conversions are the model's fields'.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Field, JSONField, Model, fields
from django.db.models.fields.related import ForeignKey

from kernel.statements import Statement

_AS_IT_IS = {
    fields.BigIntegerField,
    fields.BooleanField,
    fields.CharField,
    fields.EmailField,
    fields.IntegerField,
    fields.PositiveIntegerField,
    fields.PositiveSmallIntegerField,
    fields.TextField,
    fields.UUIDField,
    JSONField,
}
_CONVERTED = {fields.DateField, fields.DateTimeField, fields.DecimalField}


class NotInsertable(TypeError):
    """Rows of this model cannot be written as JSON: let the ORM save them."""


def insertion(rows: Sequence[Model]) -> Statement:
    """Make the statement that inserts rows of one model, and take them for saved.

    Nothing is read back, so every value must be there: keys that the application makes, no expressions. Like
    `bulk_create`, it sends no signals and does not call `save`.

    :raises NotInsertable: when a field of the model needs more than its value.
    """
    table = _table_of(type(rows[0]))
    encoded = msgspec.json.encode([table.row(row) for row in rows]).decode()
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as bulk_create leaves it
    return Statement(table.sql, {"rows": encoded})


@dataclass(frozen=True, slots=True)
class _Table:
    sql: str
    columns: tuple[str, ...]
    values_of: Callable[[dict[str, Any]], tuple[Any, ...]]
    converted: tuple[tuple[str, Callable[[Any], Any]], ...]

    def row(self, row: Model) -> dict[str, Any]:
        values = dict(zip(self.columns, self.values_of(vars(row)), strict=True))
        for column, convert in self.converted:
            values[column] = convert(values[column])
        return values


@cache
def _table_of(model: type[Model]) -> _Table:
    stored = model._meta.concrete_fields
    if model._meta.parents:
        message = f"{model.__name__} has its columns in more than one table: save it with the ORM"
        raise NotInsertable(message)
    kinds = {str(field.column): _kind_of(model, field) for field in stored}
    table, columns = _quoted(model._meta.db_table), ", ".join(map(_quoted, kinds))
    return _Table(
        sql=f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %(rows)s)",
        columns=tuple(kinds),
        values_of=itemgetter(*(field.attname for field in stored)),
        converted=tuple(
            (column, field.get_prep_value)
            for (column, kind), field in zip(kinds.items(), stored, strict=True)
            if kind in _CONVERTED
        ),
    )


def _kind_of(model: type[Model], field: "Field[Any, Any]") -> type:
    """:raises NotInsertable: when the value of the field is not all that the ORM would write."""
    kind: type = type(field.target_field) if isinstance(field, ForeignKey) else type(field)
    made_when_saved = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    encoded = getattr(field, "encoder", None)
    if kind not in _AS_IT_IS | _CONVERTED or made_when_saved or encoded:
        message = f"{model.__name__}.{field.name} is a {kind.__name__} that only the ORM can write: save it with that"
        raise NotInsertable(message)
    return kind


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
