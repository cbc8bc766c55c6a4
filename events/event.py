"""An event: an immutable past-tense fact, and the registry of all kinds of them."""

import json
import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, dataclass_transform

import msgspec
from msgspec.inspect import (
    BoolType,
    CollectionType,
    DataclassType,
    DateTimeType,
    DateType,
    DecimalType,
    FloatType,
    IntType,
    ListType,
    NoneType,
    StrType,
    Type,
    UnionType,
    UUIDType,
    type_info,
)

from events.versions import recast
from kernel.text import is_storable

LARGEST_EVENT = 4 * 1024 * 1024
"""Bytes: an order with as many lines as it may have fits, each as long as it may be."""
DEEPEST_EVENT = 100
"""How many lists and objects may stand inside one another."""


class Event:
    """The base type of events: what may be published, and heard."""


E = TypeVar("E", bound=Event)


class Category(StrEnum):
    """Who an event is for."""

    DOMAIN = "DOMAIN"
    """Inside one tenant's business."""
    INTEGRATION = "INTEGRATION"
    """A public contract for other systems: stable, without secrets or cost."""
    SYSTEM = "SYSTEM"
    """Infrastructure and operations."""


@dataclass(frozen=True, kw_only=True)
class EventType:
    """What the registry knows of one event class."""

    name: str
    version: int
    category: Category
    stream: str
    cls: type[Event]


class EventInvalid(Exception):
    """The event's fields do not have their declared types, or the log cannot store it. Nothing was published."""


class EventUnreadable(Exception):
    """A stored event cannot be turned into the class of its type."""


_PLAIN = (BoolType, DateTimeType, DateType, DecimalType, FloatType, IntType, NoneType, StrType, UUIDType)
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""How MessagePack begins a number that is not finite; other values may look like it."""
_closed: dict[type, bool] = {}
_types: dict[str, EventType] = {}
_types_by_class: dict[type, EventType] = {}
_decoders: dict[str, "msgspec.json.Decoder[Any]"] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(name: str, *, category: Category, stream: str, version: int = 1) -> Callable[[type[E]], type[E]]:
    """Declare a frozen, typed, keyword-only dataclass as an event.

    :param name: the permanent wire name, `<app>.<past_tense>`; a renamed class keeps it.
    :param stream: the aggregate that the event is about, a template over its fields: `order:{order_id}`.
    """

    def declare(cls: type[E]) -> type[E]:
        declared = dataclass(frozen=True, kw_only=True)(cls)
        if name in _types:
            message = f"two events are named {name}: {_types[name].cls.__qualname__} and {cls.__qualname__}"
            raise TypeError(message)
        event_type = EventType(name=name, version=version, category=category, stream=stream, cls=declared)
        _types[name] = _types_by_class[declared] = event_type  # type: ignore[index]
        _decoders[name] = msgspec.json.Decoder(declared)
        return declared

    return declare


def type_of(event: object) -> EventType:
    """:raises EventInvalid: when the object's class was never declared an event."""
    return type_of_class(type(event))


def type_of_class(cls: type) -> EventType:
    try:
        return _types_by_class[cls]
    except KeyError:
        message = f"{cls.__qualname__} is not declared with @event"
        raise EventInvalid(message) from None


def all_types() -> list[EventType]:
    return sorted(_types.values(), key=lambda event_type: event_type.name)


def types_with_members(names: Collection[str]) -> list[str]:
    """Return the types whose events have a member of one of these names, however deep it stands."""
    return [each.name for each in all_types() if not _member_names(each).isdisjoint(names)]


@cache
def _member_names(event_type: EventType) -> set[str]:
    """A type stays as it was declared; describing it takes longer than a reader of the feed should wait."""
    return _members(type_info(event_type.cls), ())


def _members(declared: Type, around: tuple[type, ...]) -> set[str]:
    if isinstance(declared, DataclassType):
        if declared.cls in around:
            return set()
        within = (*around, declared.cls)
        inner = (_members(field.type, within) for field in declared.fields)
        return {field.encode_name for field in declared.fields}.union(*inner)
    if isinstance(declared, UnionType):
        return set[str]().union(*(_members(each, around) for each in declared.types))
    if isinstance(declared, CollectionType):
        return _members(declared.item_type, around)
    return set()


def classes_in(category: Category) -> list[type[Event]]:
    """Return the classes of a category that are declared so far; once the apps are ready, all of them."""
    return [event_type.cls for event_type in all_types() if event_type.category is category]


def encode(event: object) -> str:
    """Write an event as JSON that can be stored and read again, having checked every field against its declared type.

    :raises EventInvalid: when a field has another type, the JSON is larger than `LARGEST_EVENT` bytes or deeper than
        `DEEPEST_EVENT`, a text holds NUL or half of a surrogate pair, or a number is not finite.
    """
    event_type = type_of(event)
    try:
        encoded = msgspec.json.encode(event)
        _decoders[event_type.name].decode(encoded)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        message = f"{event_type.name} is not valid: {error}"
        raise EventInvalid(message) from None
    if len(encoded) > LARGEST_EVENT:
        message = f"{event_type.name} has {len(encoded)} bytes, more than {LARGEST_EVENT}"
        raise EventInvalid(message)
    if reason := _why_unstorable(event, encoded):
        message = f"{event_type.name} is not valid: {reason}"
        raise EventInvalid(message)
    return encoded.decode()


def _why_unstorable(event: object, encoded: bytes) -> str:
    """Say why PostgreSQL would not store the event as it is. Bytes are looked for first: walking the values is slow."""
    nested = encoded.count(b"[") + encoded.count(b"{") > DEEPEST_EVENT
    if nested and not _tells_its_depth(type(event)) and _depth(json.loads(encoded)) > DEEPEST_EVENT:
        return f"more than {DEEPEST_EVENT} lists and objects stand inside one another"
    if rb"\u0000" in encoded and not is_storable(json.loads(encoded)):
        return "a text holds NUL"
    if b"null" in encoded and _may_be_infinite(event) and not _is_finite(msgspec.to_builtins(event)):
        return "a number is not finite: JSON has no NaN and no infinity"
    return ""


def _may_be_infinite(event: object) -> bool:
    """Look for floats that are not finite in MessagePack, which keeps them; it has no integers beyond 64 bits."""
    try:
        return _NOT_FINITE.search(msgspec.msgpack.encode(event)) is not None
    except OverflowError:
        return True


def _tells_its_depth(cls: type) -> bool:
    """Say whether no value of a class lies deeper than the class declares: what was decoded as it has no more lists."""
    if cls not in _closed:
        _closed[cls] = _is_closed(type_info(cls), ())
    return _closed[cls]


def _is_closed(declared: Type, around: tuple[type, ...]) -> bool:
    if isinstance(declared, DataclassType):
        within = (*around, declared.cls)
        return declared.cls not in around and all(_is_closed(field.type, within) for field in declared.fields)
    if isinstance(declared, UnionType):
        return all(_is_closed(each, around) for each in declared.types)
    if isinstance(declared, ListType):
        return _is_closed(declared.item_type, around)
    return isinstance(declared, _PLAIN)


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [inner for each in level for inner in _inside(each)]:
        depth += 1
    return depth


def _is_finite(value: object) -> bool:
    level = [value]
    while level:
        if any(isinstance(each, float) and not math.isfinite(each) for each in level):
            return False
        level = [inner for each in level for inner in _inside(each)]
    return True


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple, set, frozenset)) else ()


def find_type(name: str) -> EventType:
    """:raises EventUnreadable: when no event of that name is declared."""
    try:
        return _types[name]
    except KeyError:
        message = f"no event type {name} is declared"
        raise EventUnreadable(message) from None


def decode(name: str, version: int, data: str) -> Any:
    """Read a stored event as an object of its newest version.

    :raises EventUnreadable: when its type or version is not known to this code, or its data does not fit.
    """
    event_type = find_type(name)
    if version > event_type.version:
        message = f"{name} is stored in version {version}, this code reads up to version {event_type.version}"
        raise EventUnreadable(message)
    try:
        if version == event_type.version:
            return _decoders[name].decode(data)
        upcast = recast(name, msgspec.json.decode(data), version=version, to=event_type.version)
        return msgspec.convert(upcast, event_type.cls)
    except Exception as error:  # an upcaster may raise anything
        message = f"{name} version {version}: {type(error).__name__}: {error}"
        raise EventUnreadable(message) from error
