"""Fields of a new event: `register_id:UUID`, `reason:str|None`, `skus:list[str]`."""

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from events.management.scaffolding.names import WORDS

TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "bool": bool,
    "UUID": UUID,
    "Decimal": Decimal,
    "date": date,
    "datetime": datetime,
}
MODULES = {"UUID": "uuid", "Decimal": "decimal", "date": "datetime", "datetime": "datetime"}
TYPED = re.compile(r"(?P<list>list\[)?(?P<type>\w+)(?(list)\])(?P<optional>\|None)?")


@dataclass(frozen=True, kw_only=True)
class Field:
    """:param annotation: as it stands in the class: `UUID | None`. :param type: the same as an object."""

    name: str
    annotation: str
    type: Any
    imports: tuple[str, ...]

    @property
    def is_optional(self) -> bool:
        return self.annotation.endswith("| None")


def read_fields(typed: Iterable[str]) -> list[Field]:
    """:raises CommandError: when one is not `name:type` with a known type, or a name is given twice."""
    fields = [_read_field(one) for one in typed]
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            message = f"the field {name} is given twice"
            raise CommandError(message)
    return fields


def _read_field(typed: str) -> Field:
    name, _, annotation = typed.replace(" ", "").partition(":")
    if not WORDS.fullmatch(name) or keyword.iskeyword(name) or not annotation:
        message = f"{typed[:40]!r} is not a field: write name:type with a name in snake_case, as in register_id:UUID"
        raise CommandError(message)
    found = TYPED.fullmatch(annotation)
    if found is None or found["type"] not in TYPES:
        known = ", ".join(sorted(TYPES))
        hint = "; int for money (minor units), Decimal for quantities" if "float" in annotation else ""
        message = f"{annotation[:40]!r} is not a type of a field: use {known}, list[…] of one, or …|None{hint}"
        raise CommandError(message)
    kind: Any = TYPES[found["type"]]
    shown = found["type"]
    if found["list"]:
        kind, shown = list[kind], f"list[{shown}]"
    if found["optional"]:
        kind, shown = kind | None, f"{shown} | None"
    module = MODULES.get(found["type"])
    imports = (f"from {module} import {found['type']}",) if module else ()
    return Field(name=name, annotation=shown, type=kind, imports=imports)


def read_stream(typed: str, fields: list[Field]) -> str:
    """Return the template of the stream; without one, `register:{register_id}` of the first field that ends in _id.

    :raises CommandError: when it is no such template, names what is no field, or a field that may be None.
    """
    if not typed:
        first = next((field.name for field in fields if field.name.endswith("_id") and not field.is_optional), None)
        if first is None:
            raise CommandError("no field ends in _id: name what the event is about, as in --stream 'shift:{opened_by}'")
        return f"{first.removesuffix('_id')}:{{{first}}}"
    named = re.findall(r"\{(\w+)\}", typed)
    if not re.fullmatch(r"[a-z][a-z0-9_]*:\{\w+\}([@:/-]\{\w+\})*", typed):
        message = f"{typed[:40]!r} is not a stream: write kind:{{field}}, as in 'register:{{register_id}}'"
        raise CommandError(message)
    by_name = {field.name: field for field in fields}
    for name in named:
        if name not in by_name:
            message = f"the stream names {name}, which is not a field of the event"
            raise CommandError(message)
        if by_name[name].is_optional:
            message = f"the stream names {name}, which may be None: a stream needs a value"
            raise CommandError(message)
    return typed
