"""A database in memory: transactions that commit at once or not at all, row locks, an advisory lock for each log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from django.db import OperationalError

from events.delivery import Envelope
from events.log import StoredEvent
from events.parking import State
from tests.faults.simulation.world import Process, World

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY = UUID(int=0)


@dataclass
class ParkedRow:
    id: int
    subscriber: str
    position: int
    stream: str
    state: State
    attempts: int
    next_attempt_at: float
    starts: int = 0
    started_at: float = -1.0


@dataclass
class TenantRows:
    """What is committed of one tenant."""

    log: list[StoredEvent] = field(default_factory=list)
    cursors: dict[str, int] = field(default_factory=dict)
    starts: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    processed: set[tuple[str, int]] = field(default_factory=set)
    parked: dict[int, ParkedRow] = field(default_factory=dict)
    effects: list[tuple[str, int]] = field(default_factory=list)

    @property
    def head(self) -> int:
        return self.log[-1].envelope.position if self.log else 0


class Deadlock(OperationalError):
    """Two transactions waited for one another; this one was given up."""


@dataclass
class Transaction:
    process: Process
    writes: list[Callable[[], None]] = field(default_factory=list)
    locks: list[object] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    published: list[tuple[str, str]] = field(default_factory=list)
    tenant: str = ""
    early_head: int | None = None


class Database:
    def __init__(self, world: World, tenants: list[str]) -> None:
        self.world = world
        self.tenants = {name: TenantRows() for name in tenants}
        self.owners: dict[object, Transaction] = {}
        self.wanted: dict[int, object] = {}
        self.transactions: dict[Process, Transaction] = {}
        self.deadlocks = 0
        self.ids = 0

    def begin(self) -> Transaction:
        transaction = Transaction(self.world.current)
        self.transactions[transaction.process] = transaction
        return transaction

    @property
    def current(self) -> Transaction:
        return self.transactions[self.world.current]

    def commit(self, transaction: Transaction) -> None:
        self.world.step()
        for write in transaction.writes:
            write()
        self.end(transaction)

    def end(self, transaction: Transaction) -> None:
        """Release what the transaction holds; what it wrote and did not commit was never there."""
        for lock in transaction.locks:
            del self.owners[lock]
        transaction.locks.clear()
        self.transactions.pop(transaction.process, None)

    def try_lock(self, key: object) -> bool:
        transaction = self.current
        owner = self.owners.get(key)
        if owner is None:
            self.owners[key] = transaction
            transaction.locks.append(key)
        return owner is None or owner is transaction

    def lock(self, key: object) -> None:
        """Wait for a lock. :raises Deadlock: when its owner waits, in a circle, for this transaction."""
        transaction = self.current
        while not self.try_lock(key):
            self.wanted[id(transaction)] = key
            try:
                if self._waits_for_itself(transaction):
                    self.deadlocks += 1
                    raise Deadlock("deadlock detected")
                self.world.wait(lambda: key not in self.owners)
            finally:
                self.wanted.pop(id(transaction), None)

    def _waits_for_itself(self, transaction: Transaction) -> bool:
        seen, at = set(), transaction
        while (key := self.wanted.get(id(at))) is not None and id(at) not in seen:
            seen.add(id(at))
            owner = self.owners.get(key)
            if owner is None:
                return False
            if owner is transaction:
                return True
            at = owner
        return False

    def append(self, tenant: str, events: list[tuple[str, str]], *, head: int) -> None:
        """Insert events at head+1…, with the stream versions that a reader of this moment sees."""
        rows = self.tenants[tenant]
        versions: dict[str, int] = {}
        for stored in rows.log:
            versions[stored.envelope.stream] = stored.envelope.stream_version
        stored_events = []
        for offset, (type_name, stream) in enumerate(events):
            versions[stream] = versions.get(stream, 0) + 1
            stored_events.append(_stored(tenant, head + 1 + offset, type_name, stream, versions[stream]))
        self.current.writes.append(lambda: rows.log.extend(stored_events))

    def new_id(self) -> int:
        self.ids += 1
        return self.ids

    def restart(self) -> None:
        """Lose every connection and every transaction."""
        for process, transaction in list(self.transactions.items()):
            self.end(transaction)
            process.disconnected = True
            process.waits_for = None


def _stored(tenant: str, position: int, type_name: str, stream: str, stream_version: int) -> StoredEvent:
    envelope = Envelope(
        event_id=NOBODY,
        type=type_name,
        version=1,
        category="DOMAIN",
        tenant_id=tenant,
        stream=stream,
        stream_version=stream_version,
        position=position,
        occurred_at=EPOCH,
        recorded_at=EPOCH,
        correlation_id=NOBODY,
        causation_id=None,
        actor="",
        traceparent="",
    )
    return StoredEvent(envelope=envelope, data=tenant)
