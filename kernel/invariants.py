"""What must be true of a shop's tables: each app declares it in APP/invariants.py, and `manage.py verify` checks it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """A statement that recomputes something from the tables; it shares nothing with the services.

    :param order: its place in the report of `verify`.
    :param statement: SQL that returns how many rows were looked at, and how many of them break the invariant. Its
        parameter is `tenant`.
    """

    order: int
    name: str
    statement: str


_declared: dict[str, Invariant] = {}


def declare(name: str, broken: str, source: str, *, order: int) -> None:
    """Declare an invariant: the condition `broken` holds for no row of `source`.

    :raises ValueError: when another one has the name.
    """
    statement = f"SELECT count(*), count(*) FILTER (WHERE {broken}) FROM {source}"
    invariant = Invariant(order=order, name=name, statement=statement)
    if _declared.setdefault(name, invariant) != invariant:
        message = f"two invariants are called {name!r}"
        raise ValueError(message)


def all_invariants() -> list[Invariant]:
    """Return what was declared, in the order of the report."""
    return sorted(_declared.values(), key=lambda invariant: invariant.order)
