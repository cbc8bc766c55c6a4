"""Sample values of fields, for golden payloads and generated tests: the same for the same field, every time."""

from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID
from zlib import crc32

PLAIN: dict[Any, Any] = {
    int: 1000,
    float: 0.5,
    bool: True,
    Decimal: Decimal("1.500"),
    date: date(2026, 11, 23),
    datetime: datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
}


def sample_of(kind: Any, name: str) -> Any:
    """Return a value of a type. :param name: of the field, so that ids and texts of two fields differ.

    :raises TypeError: when no sample is known for the type.
    """
    if kind is str:
        return name.replace("_", " ")
    if kind is UUID:
        return UUID(f"01890000-0000-7000-8000-{crc32(name.encode()):012x}")
    if kind in PLAIN:
        return PLAIN[kind]
    if is_dataclass(kind) and isinstance(kind, type):
        return sample_object(kind)
    if get_origin(kind) is list:
        return [sample_of(get_args(kind)[0], name)]
    if get_origin(kind) in {Union, UnionType}:
        return sample_of(next(each for each in get_args(kind) if each is not NoneType), name)
    message = f"there is no sample for {name}: {kind}"
    raise TypeError(message)


def sample_object(cls: type) -> Any:
    """Return an object of a dataclass with a sample in each field that has no default.

    :raises TypeError: when no sample is known for the type of one.
    """
    types = get_type_hints(cls)
    needed = [field for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING]  # type: ignore[arg-type]
    return cls(**{field.name: sample_of(types[field.name], field.name) for field in needed})


def literal(value: Any) -> str:
    """Write a sample as Python."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, datetime):
        return f"datetime({value.year}, {value.month}, {value.day}, {value.hour}, {value.minute}, tzinfo=UTC)"
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    return repr(value).replace("'", '"')
