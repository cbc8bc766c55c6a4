"""The versions of an event's data: one step up (on reading) or down (for consumers of older versions) at a time."""

from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any

Data = dict[str, Any]
Step = Callable[[Data], Data]


class VersionUnreachable(Exception):
    """No chain of steps leads from one version of an event to another."""


_up: dict[tuple[str, int], Step] = {}
_down: dict[tuple[str, int], Step] = {}


def upcaster(name: str, *, version: int) -> Callable[[Step], Step]:
    """Register the step to `version` from the one before; it takes and returns data as it is stored (JSON types)."""
    return _registering(_up, (name, version - 1))


def downcaster(name: str, *, version: int) -> Callable[[Step], Step]:
    """Register the step from the version after back to `version`, for consumers that are pinned to it."""
    return _registering(_down, (name, version + 1))


def can_upcast(name: str, version: int, to: int) -> bool:
    return version <= to and all((name, step) in _up for step in range(version, to))


def can_downcast(name: str, version: int, to: int) -> bool:
    return version >= to and all((name, step) in _down for step in range(version, to, -1))


def recast(name: str, data: Data, *, version: int, to: int) -> Data:
    """Turn the data of one version into that of another, older or newer.

    :raises VersionUnreachable: when a step on the way is missing.
    """
    steps, direction = (_up, 1) if version <= to else (_down, -1)
    for at in range(version, to, direction):
        step = steps.get((name, at))
        if step is None:
            message = f"{name} has no step from version {at} to {at + direction}"
            raise VersionUnreachable(message)
        data = step(data)
    return data


def extended(cls: type, data: Data, **known: Any) -> Data:
    """Add the fields of a dataclass that an older version had not: null, unless they are `known`."""
    return {**dict.fromkeys(field.name for field in fields(cls)), **data, **known}


def reduced(data: Data, names: Collection[str], **changed: Any) -> Data:
    """Keep the fields that an older version had, in the order in which they stand, some of them `changed`."""
    return {name: changed.get(name, value) for name, value in data.items() if name in names}


def _registering(steps: dict[tuple[str, int], Step], key: tuple[str, int]) -> Callable[[Step], Step]:
    def register(step: Step) -> Step:
        if key in steps:
            message = f"two steps lead from version {key[1]} of {key[0]}"
            raise TypeError(message)
        steps[key] = step
        return step

    return register
