"""The catalogue of events is true: it names all that react, and what its descriptions name exists."""

import re
from dataclasses import fields
from typing import Any

from events.contracts.catalogue import lines, listeners_of
from events.event import EventType, all_types, find_type
from events.events import CacheInvalidated


def described_names(event_type: EventType) -> set[str]:
    """The names in backticks of an event's docstring."""
    return set(re.findall(r"`([^`]+)`", event_type.cls.__doc__ or ""))


def test_what_an_events_description_names_is_a_field_of_it_or_an_event() -> None:
    known = {each.name for each in all_types()}
    unknown: dict[str, Any] = {
        each.name: names - known - {field.name for field in fields(each.cls)}  # type: ignore[arg-type]
        for each in all_types()
        if (names := described_names(each))
    }

    assert {name: names for name, names in unknown.items() if names} == {}


def test_listeners_of_the_bus_and_of_canaries_are_named() -> None:
    invalidated = next(each for each in all_types() if each.cls is CacheInvalidated)

    assert "tenants.listeners.forget_hosts (bus)" in listeners_of(invalidated)
    assert listeners_of(find_type("events.canary_released")) == ["every subscriber"]
    assert any("tenants.listeners.forget_hosts (bus)" in line for line in lines())
