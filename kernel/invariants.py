"""What must be true of a shop's tables: each app declares it in APP/invariants.py, and `manage.py verify` checks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol


class Cursor(Protocol):
    @property
    def description(self) -> Any: ...

    def execute(self, statement: str, parameters: Any, /) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """A statement that recomputes something from the tables; it shares nothing with the services.

    :param order: its place in the report of `verify`.
    :param statement: SQL that returns how many rows were looked at, and how many of them break the invariant. Its
        parameter is `tenant`.
    :param broken_rows: SQL that returns all columns of those that break it; its parameters are `tenant` and `most`.
    """

    order: int
    name: str
    statement: str
    broken_rows: str


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Rows that are read one after the other, a page at a time, where a statement alone does not see what is wrong.

    :param rows: yields for each row what is wrong with it, for people; an empty text where nothing is.
    """

    order: int
    name: str
    rows: Callable[[Cursor], Iterator[str]]


_declared: dict[str, Invariant | Walk] = {}


def declare(name: str, broken: str, source: str, *, order: int) -> None:
    """Declare an invariant: the condition `broken` holds for no row of `source`.

    :raises ValueError: when another one has the name.
    """
    statement = f"SELECT count(*), count(*) FILTER (WHERE {broken}) FROM {source}"
    rows = f"SELECT * FROM (SELECT ({broken}) AS is_broken, * FROM {source}) found WHERE is_broken LIMIT %(most)s"
    _add(Invariant(order=order, name=name, statement=statement, broken_rows=rows))


def declare_walk(name: str, rows: Callable[[Cursor], Iterator[str]], *, order: int) -> None:
    """Declare an invariant that is checked row by row.

    :raises ValueError: when another one has the name.
    """
    _add(Walk(order=order, name=name, rows=rows))


def _add(invariant: Invariant | Walk) -> None:
    if _declared.setdefault(invariant.name, invariant) != invariant:
        message = f"two invariants are called {invariant.name!r}"
        raise ValueError(message)


def all_invariants() -> list[Invariant | Walk]:
    """Return what was declared, in the order of the report."""
    return sorted(_declared.values(), key=lambda invariant: invariant.order)
