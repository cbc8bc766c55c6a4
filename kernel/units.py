"""The unit of work, for what is below the layer that has it: the event layer brings it when the apps are ready."""

from collections.abc import Callable
from contextlib import AbstractContextManager

_openers: list[Callable[[], AbstractContextManager[object]]] = []


def open_units_with(opener: Callable[[], AbstractContextManager[object]]) -> None:
    _openers[:] = [opener]


def open_unit() -> AbstractContextManager[object]:
    """Open a unit of work of the schema that the connection is in; inside another, join it."""
    (opener,) = _openers
    return opener()
