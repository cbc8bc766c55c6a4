"""What the checker goes by: the harness's journals, the tables, the archives. Read with SQL and JSON, and nothing else."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from tests.faults.acts import Act
from tests.faults.arrivals import Arrival
from tests.faults.declared import family

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event of the log, in the database or archived. `audience` is the one subscriber it is for, None for all."""

    position: int
    event_id: str
    type: str
    stream: str
    stream_version: int
    causation_id: str | None
    actor: str
    audience: str | None

    def is_for(self, subscriber: str) -> bool:
        return self.audience in {None, subscriber}


@dataclass(frozen=True, kw_only=True)
class Binding:
    subscriber: str
    type: str
    since: int
    until: int | None

    def holds(self, position: int) -> bool:
        return self.since < position and (self.until is None or position <= self.until)


@dataclass(frozen=True, kw_only=True)
class Parked:
    subscriber: str
    position: int
    event_id: str
    stream: str
    state: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Effect:
    subscriber: str
    position: int
    stream: str
    event_id: str
    written_at: float


@dataclass(frozen=True, kw_only=True)
class Archives:
    """What the files of dropped months hold, row by row; `months` are those of which they hold events."""

    events: tuple[Row, ...] = ()
    processed: tuple[Row, ...] = ()

    @property
    def months(self) -> set[str]:
        return {row["recorded_at"][:7] for row in self.events}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """:param sold: the terminals' journal. :param done: the journal of operators and releases.

    :param counted: the journal of the cashiers: shifts that were opened and closed.

    :param catalogue: the written catalogue of events: who hears what.
    """

    connection: psycopg.Connection
    sold: Sequence[Row]
    done: Sequence[Act]
    arrived: Sequence[Arrival]
    archives: Archives
    catalogue: Path
    shops: tuple[str, ...]
    counted: Sequence[Row] = ()
    generation: int = 0
    renamed: int = 0

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, parameters or None).fetchall()  # type: ignore[arg-type]

    def of(self, shop: str) -> "Shop":
        return Shop(self, shop)


@dataclass(frozen=True)
class Shop:
    """The evidence of one shop; each part is read once."""

    evidence: Evidence
    name: str

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.evidence.rows(statement, *parameters)

    @cached_property
    def sold(self) -> list[Row]:
        return [order for order in self.evidence.sold if order["shop"] == self.name]

    @cached_property
    def cashiers(self) -> list[Row]:
        return [said for said in self.evidence.counted if said["shop"] == self.name]

    @cached_property
    def acts(self) -> list[Act]:
        return [act for act in self.evidence.done if act.shop == self.name]

    @cached_property
    def log(self) -> list[Entry]:
        """The whole log by position, archived months before what the database holds; what is in both comes twice."""
        kept = self.rows("SELECT to_jsonb(e) FROM events_event e WHERE tenant_id = %s", self.name)
        archived = [row for row in self.evidence.archives.events if row["tenant_id"] == self.name]
        rows = [*archived, *(row for (row,) in kept)]
        names = Entry.__dataclass_fields__
        entries = [Entry(**{name: row.get(name) for name in names}) for row in rows]
        return sorted(entries, key=lambda entry: entry.position)

    @cached_property
    def by_type(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.log:
            found.setdefault(entry.type, []).append(entry)
        return found

    @cached_property
    def subscriptions(self) -> dict[str, int]:
        """The cursor of each."""
        statement = "SELECT subscriber, cursor FROM events_subscription WHERE tenant_id = %s"
        return dict(self.rows(statement, self.name))  # type: ignore[arg-type]

    @cached_property
    def bindings(self) -> list[Binding]:
        statement = "SELECT subscriber, type, since, until FROM events_binding WHERE tenant_id = %s"
        return [
            Binding(subscriber=name, type=kind, since=since, until=until)
            for name, kind, since, until in self.rows(statement, self.name)
        ]

    def due(self, subscriber: str) -> set[int]:
        """The positions that a subscriber has to answer for."""
        mine: dict[str, list[Binding]] = {}
        for binding in self.bindings:
            if binding.subscriber == subscriber:
                mine.setdefault(binding.type, []).append(binding)
        return {
            entry.position
            for kind, intervals in mine.items()
            for entry in self.by_type.get(kind, ())
            if entry.is_for(subscriber) and any(each.holds(entry.position) for each in intervals)
        }

    @cached_property
    def processed(self) -> dict[str, Counter[int]]:
        """By the family of subscribers: how often each position is booked as applied."""
        found: dict[str, Counter[int]] = {}
        statement = "SELECT subscriber, position FROM events_processedevent WHERE tenant_id = %s"
        archived = [row for row in self.evidence.archives.processed if row["tenant_id"] == self.name]
        for name, position in [*self.rows(statement, self.name), *((r["subscriber"], r["position"]) for r in archived)]:
            found.setdefault(family(name), Counter())[position] += 1
        return found

    @cached_property
    def parked(self) -> list[Parked]:
        statement = """
            SELECT subscriber, position, event_id::text, stream, state, fingerprint FROM events_parkedevent
            WHERE tenant_id = %s ORDER BY position
        """
        return [
            Parked(subscriber=row[0], position=row[1], event_id=row[2], stream=row[3], state=row[4], fingerprint=row[5])
            for row in self.rows(statement, self.name)
        ]

    @cached_property
    def effects(self) -> list[Effect]:
        """In the order in which they were written."""
        statement = f"""
            SELECT subscriber, position, stream, event_id::text, extract(epoch FROM written_at)::float
            FROM {self.name}.faults_effect ORDER BY id
        """
        return [
            Effect(subscriber=row[0], position=row[1], stream=row[2], event_id=row[3], written_at=row[4])
            for row in self.rows(statement)
        ]


def archived(connection: psycopg.Connection, folder: Path) -> Archives:
    """Read the archives of the months whose partitions are gone."""
    return Archives(
        events=tuple(_lines(connection, folder, "events_event")),
        processed=tuple(_lines(connection, folder, "events_processedevent")),
    )


def _lines(connection: psycopg.Connection, folder: Path, table: str) -> Iterator[Row]:
    for path in sorted(folder.glob(f"{table}_2*.jsonl.gz")):
        partition = path.name.removesuffix(".jsonl.gz")
        there = connection.execute("SELECT to_regclass('public.' || %s) IS NOT NULL", [partition]).fetchone()
        if there and not there[0]:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                yield from map(json.loads, file)
