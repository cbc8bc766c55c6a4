"""What is remembered of the shop that a request is in, valid for the version that its first statement reads.

The database draws a new version in each transaction that changes a remembered row (migration 0008), and never one that
was there before. So whatever is remembered under the version that a request finds was read after the last change that
was committed before the request began.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model

from kernel.tenancy import tenant_connection
from pos.memory.memory import Memory, process_memory

K = TypeVar("K")
V = TypeVar("V")

READING = "SELECT version::text FROM pos_shopversion"
KINDS: "list[Kind[Any, Any]]" = []
TABLES: set[str] = set()
"""The tables of all kinds."""


@dataclass(frozen=True, kw_only=True)
class ShopMemory:
    """What is remembered of one version of a shop."""

    tenant_id: str
    version: str
    memory: Memory

    def is_of(self, statement: str) -> bool:
        return any(table in statement for table in TABLES)


@dataclass(frozen=True, kw_only=True, eq=False)
class Kind(Generic[K, V]):
    """A kind of values that are remembered. Nobody changes a value: other threads have it too.

    :param models: of all the rows that a value is made of.
    """

    name: str
    models: tuple[type[Model], ...]

    def __post_init__(self) -> None:
        KINDS.append(self)
        TABLES.update(model._meta.db_table for model in self.models)

    def recall(self, keys: Collection[K], load: Callable[[Collection[K]], Mapping[K, V]]) -> dict[K, V]:
        """Return the values of these keys. That a key has no value is not remembered.

        :param load: reads those that are not remembered. It is asked for all of them outside a request, and as soon as
            the request has written one of the tables: it may be rolled back.
        """
        shop: ShopMemory | None = tenant_connection().remembered
        if shop is None:
            return dict(load(keys)) if keys else {}
        of = (shop.tenant_id, shop.version, self.name)
        found: dict[K, V] = shop.memory.find(*of, keys=keys)
        missing = [key for key in keys if key not in found]
        if missing:
            loaded = load(missing)
            shop.memory.put(*of, values=loaded)
            found.update(loaded)
        return found

    def recall_one(self, key: K, load: Callable[[K], V | None]) -> V | None:
        return self.recall([key], lambda _: {} if (value := load(key)) is None else {key: value}).get(key)


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What was read in the round trip that entered the shop; None where that found no row."""

    value: Any


def enter_shop(beside: str = "") -> Beside | None:
    """Enter the schema of the request's shop, and remember it as of now, until the schema is left.

    Inside a transaction, whose own changes have no version yet, nothing is remembered; nor where there is no version.

    :param beside: an expression of SQL that is read with the version; None is returned where it was not read.
    """
    database = tenant_connection()
    if database.in_atomic_block or not database.autocommit:
        return None
    found = database.enter(READING.replace("version::text", f"version::text, {beside}") if beside else READING)
    if found is None:
        return None
    version, *values = found
    database.remembered = ShopMemory(tenant_id=database.schema_name, version=version, memory=process_memory)
    return Beside(value=values[0] if values else None)
