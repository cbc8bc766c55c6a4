"""A database in memory with PostgreSQL's rules of READ COMMITTED.

A statement sees what was committed when it began, and its own transaction's writes. A locking or changing statement
goes on, once it has the row, with the row's newest version, of which its condition must hold again; whatever else it
reads it still reads as of its beginning. The next statement has a new snapshot, in the same round trip too.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError
from psycopg.errors import DeadlockDetected, LockNotAvailable

from tests.faults.simulation.rows import NewEvent, Rows, Write, stored
from tests.faults.simulation.world import Killed, Process, World

INFINITE = float("inf")
COMMITTED_UNANSWERED = 0.5
"""How often a transaction is committed whose COMMIT is under way when its process or connection ends."""


class Deadlock(OperationalError):
    """Two transactions waited for one another; this one was given up."""


class LockTimeout(OperationalError):
    """A lock was not obtained in the time that the transaction would wait."""


@dataclass
class Transaction:
    process: Process
    tenant: str = ""
    writes: list[Write] = field(default_factory=list)
    locks: list[object] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    published: list[NewEvent] = field(default_factory=list)
    early_snapshot: Rows | None = None
    committing: bool = False
    name: str = ""
    seen: tuple[Rows, int, Rows] | None = None
    """What was committed, the number of own writes, and both together."""


class Database:
    def __init__(self, world: World, tenants: list[str]) -> None:
        self.world = world
        self.tenants = {name: Rows() for name in tenants}
        self.owners: dict[object, Transaction] = {}
        self.wanted: dict[int, object] = {}
        self.transactions: dict[Process, Transaction] = {}
        self.deadlocks = 0
        self.made: set[str] = set()
        """The transactions that are committed, whoever knows of it."""
        self.progress: Counter[tuple[str, str]] = Counter()
        """How often something was committed that moves a tenant's subscription on."""
        self.ids = 0

    def begin(self) -> Transaction:
        transaction = Transaction(self.world.current, name=f"transaction {self.new_id()}")
        self.transactions[transaction.process] = transaction
        return transaction

    @property
    def current(self) -> Transaction:
        return self.transactions[self.world.current]

    def commit(self, transaction: Transaction) -> None:
        """:raises OperationalError: when the connection is cut; the transaction may be committed all the same."""
        transaction.committing = True
        try:
            self.world.step()
        except Killed:
            self._perhaps_commit(transaction)
            raise
        self._make_true(transaction)
        self.end(transaction)

    def _perhaps_commit(self, transaction: Transaction) -> None:
        """Commit a transaction whose COMMIT nobody hears the answer of, or not."""
        if transaction.process in self.transactions and self.world.random.random() < COMMITTED_UNANSWERED:
            self._make_true(transaction)

    def _make_true(self, transaction: Transaction) -> None:
        self.made.add(transaction.name)
        if transaction.writes:
            before = self.tenants[transaction.tenant]
            self.tenants[transaction.tenant] = before.after(transaction.writes)
            self.progress.update((transaction.tenant, name) for name in before.progress(transaction.writes))

    def end(self, transaction: Transaction) -> None:
        """Release what the transaction holds; what it wrote and did not commit was never there."""
        for lock in transaction.locks:
            del self.owners[lock]
        transaction.locks.clear()
        self.transactions.pop(transaction.process, None)

    def restart(self) -> None:
        """Lose every connection and every transaction."""
        for process, transaction in list(self.transactions.items()):
            if transaction.committing:
                self._perhaps_commit(transaction)
            self.end(transaction)
            process.disconnected = True
            process.waits_for = None

    # Reading

    def snapshot(self, tenant: str) -> Rows:
        """Begin a statement: others may run before it, and nothing that they commit after it is seen by it."""
        self.world.step()
        return self.newest(tenant)

    def newest(self, tenant: str) -> Rows:
        """What is committed at this moment, with the own transaction's writes."""
        committed = self.tenants[tenant]
        transaction = self.transactions.get(self.world.current)
        if transaction is None or not transaction.writes or transaction.tenant != tenant:
            return committed
        seen = transaction.seen
        if seen is None or seen[0] is not committed or seen[1] != len(transaction.writes):
            seen = transaction.seen = (committed, len(transaction.writes), committed.after(transaction.writes))
        return seen[2]

    # Writing

    def write(self, tenant: str, table: str, key: Any, row: Any) -> None:
        """Write a row's new version, visible to this transaction from now on; None deletes it."""
        transaction = self.current
        transaction.tenant = tenant
        transaction.writes.append((table, key, row))

    def add(self, tenant: str, table: str, row: Any) -> None:
        self.write(tenant, table, self.new_id(), row)

    def update(self, tenant: str, table: str, key: Any, change: Callable[[Any], Any], **options: float) -> Any:
        """`UPDATE … WHERE key = …`; see `change_newest`."""
        row = getattr(self.snapshot(tenant), table).get(key)
        if row is None or change(row) is None:
            return None
        return self.change_newest(tenant, table, key, change, **options)

    def change_newest(
        self, tenant: str, table: str, key: Any, change: Callable[[Any], Any], *, patience: float = INFINITE
    ) -> Any:
        """Wait for a row that a statement's snapshot has found, and change its newest version.

        :param change: returns a row's new version; None where the statement's condition does not hold.

        Returns the new version; None when the row is gone, or the condition no longer holds.
        """
        if not self.holds((table, tenant, key)):
            self.world.step()
            self.lock((table, tenant, key), patience=patience)
        row = getattr(self.newest(tenant), table).get(key)
        changed = None if row is None else change(row)
        if changed is not None:
            self.write(tenant, table, key, changed)
        return changed

    def append(self, tenant: str, events: list[NewEvent], *, snapshot: Rows) -> None:
        """Insert events after the snapshot's newest one, with the stream versions that follow those of the snapshot."""
        versions: dict[str, int] = dict(snapshot.floors)
        for earlier in snapshot.log.values():
            versions[earlier.envelope.stream] = earlier.envelope.stream_version
        for position, new in enumerate(events, start=snapshot.head + 1):
            versions[new.stream] = versions.get(new.stream, 0) + 1
            self.add(tenant, "log", stored(tenant, position, new, versions[new.stream]))
            if new.audience:
                self.write(tenant, "audiences", position, new.audience)

    def new_id(self) -> int:
        self.ids += 1
        return self.ids

    # Locks

    def holds(self, key: object) -> bool:
        return self.owners.get(key) is self.current

    def try_lock(self, key: object) -> bool:
        transaction = self.current
        owner = self.owners.get(key)
        if owner is None:
            self.owners[key] = transaction
            transaction.locks.append(key)
        return owner is None or owner is transaction

    def lock(self, key: object, *, patience: float = INFINITE) -> None:
        """Wait for a lock.

        :param patience: seconds; `lock_timeout`.
        :raises LockTimeout: when it was not obtained in that time.
        :raises Deadlock: when its owner waits, in a circle, for this transaction.
        """
        transaction, deadline = self.current, self.world.now + patience
        while not self.try_lock(key):
            if self.world.now >= deadline:
                raise LockTimeout("canceling statement due to lock timeout") from LockNotAvailable()
            self.wanted[id(transaction)] = key
            try:
                if self._waits_for_itself(transaction):
                    self.deadlocks += 1
                    raise Deadlock("deadlock detected") from DeadlockDetected()
                self.world.wait(lambda: key not in self.owners, until=deadline)
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
