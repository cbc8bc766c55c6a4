"""The store of the simulation: what the real drain does to the tables, on a simulated database."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from events.bindings import Heard
from events.cursors import Held
from events.delivery import Envelope
from events.log import Page, StoredEvent
from events.parking import STARTING_SECONDS, UNRESOLVED, Parked, State
from events.store import Store
from tests.faults.simulation.database import Database, ParkedRow, TenantRows, Transaction
from tests.faults.simulation.variants import Variant
from tests.faults.simulation.world import World


class Silence:
    """A logger, or a count, that has nothing to say."""

    def __getattr__(self, _name: str) -> "Silence":
        return self

    def __call__(self, *_arguments: object, **_options: object) -> "Silence":
        return self


class Protocol(Store):
    """The statements of the event layer on a simulated database; each lets the others run before it."""

    def __init__(self, world: World, database: Database, variant: Variant) -> None:
        self.world, self.database, self.variant = world, database, variant
        self.heard: dict[str, Heard] = {}
        self.ring: Callable[[str, set[str]], None] = lambda _tenant, _types: None

    @contextmanager
    def unit_of_work(self) -> Iterator[Transaction]:
        self.world.step()
        transaction = self.database.begin()
        try:
            yield transaction
            if transaction.published:
                self._flush(transaction)
            self.database.commit(transaction)
        finally:
            self.database.end(transaction)
        for hook in transaction.after_commit:
            hook()

    def publish(self, tenant: str, type_name: str, stream: str) -> None:
        """Buffer an event; it is appended as the unit's last statement."""
        transaction = self.database.current
        transaction.published.append((type_name, stream))
        transaction.tenant = tenant
        if self.variant.lock_when_published:
            self.database.lock(("log", tenant))
        if self.variant.snapshot_before_lock and transaction.early_head is None:
            transaction.early_head = self.database.tenants[tenant].head

    def _flush(self, transaction: Transaction) -> None:
        events, tenant = transaction.published, transaction.tenant
        if not self.variant.no_log_lock:
            self.world.step()
            self.database.lock(("log", tenant))
        self.world.step()
        head = self.database.tenants[tenant].head
        if self.variant.snapshot_before_lock and transaction.early_head is not None:
            head = transaction.early_head
        self.world.step()
        self.database.append(tenant, events, head=head)
        types = {type_name for type_name, _stream in events}
        transaction.after_commit.append(lambda: self.ring(tenant, types))

    # events.log

    def read(self, tenant_id: str, *, after: int, types: Iterable[str], limit: int) -> Page:
        self.world.step()
        rows = self.database.tenants[tenant_id]
        found = [e for e in rows.log if e.envelope.position > after and e.envelope.type in types][:limit]
        reached = found[-1].envelope.position if len(found) == limit else rows.head
        return Page(events=found, reached=max(reached, after), more=rows.head > reached)

    def read_at(self, tenant_id: str, position: int) -> StoredEvent:
        self.world.step()
        return next(e for e in self.database.tenants[tenant_id].log if e.envelope.position == position)

    # events.cursors

    def lock(self, tenant_id: str, subscriber: str) -> Held | None:
        self.world.step()
        rows = self.database.tenants[tenant_id]
        if not self.variant.no_row_lock and not self.database.try_lock(("subscription", tenant_id, subscriber)):
            return None
        parked = [row for row in rows.parked.values() if row.subscriber == subscriber]
        return Held(
            cursor=rows.cursors[subscriber],
            paused=False,
            blocked=any(row.state in UNRESOLVED for row in parked),
            due=any(row.state is State.RETRYING and row.next_attempt_at <= self.world.now for row in parked),
            heard=self.heard[subscriber],
        )

    def account(self, tenant_id: str, subscriber: str, envelopes: Sequence[Envelope], *, reached: int) -> set[int]:
        self.world.step()
        rows, transaction = self.database.tenants[tenant_id], self.database.current
        positions = {envelope.position for envelope in envelopes}
        fresh = (
            positions if self.variant.no_row_lock else {p for p in positions if (subscriber, p) not in rows.processed}
        )
        transaction.writes.append(lambda: rows.processed.update((subscriber, position) for position in fresh))
        transaction.writes.append(lambda: rows.cursors.__setitem__(subscriber, reached))
        return fresh

    def has_news(self, tenant_id: str, subscriber: str, types: Sequence[str]) -> bool:
        self.world.step()
        rows = self.database.tenants[tenant_id]
        return has_news(rows, subscriber, types)

    def count_start(self, tenant_id: str, subscriber: str, position: int) -> int | None:
        self.world.step()
        rows, now = self.database.tenants[tenant_id], self.world.now
        earlier, starts, started_at = rows.starts.get(subscriber, (0, 0, -1.0))
        if earlier == position and started_at > now - STARTING_SECONDS:
            return None
        starts = starts + 1 if earlier == position else 1
        self.database.current.writes.append(lambda: rows.starts.__setitem__(subscriber, (position, starts, now)))
        return starts

    def forget_start(self, tenant_id: str, subscriber: str, position: int) -> None:
        self.world.step()
        rows = self.database.tenants[tenant_id]
        self.database.lock(("subscription", tenant_id, subscriber))
        earlier, starts, started_at = rows.starts[subscriber]
        if earlier == position:
            remaining = (position, max(0, starts - 1), started_at)
            self.database.current.writes.append(lambda: rows.starts.__setitem__(subscriber, remaining))

    # events.parking

    def park(self, subscriber: str, envelope: Envelope, state: State, *, delay: float = 0.0, error: str = "") -> None:
        self.world.step()
        rows = self.database.tenants[envelope.tenant_id]
        row = ParkedRow(
            id=self.database.new_id(),
            subscriber=subscriber,
            position=envelope.position,
            stream=envelope.stream,
            state=state,
            attempts=0 if state is State.WAITING else 1,
            next_attempt_at=self.world.now + delay,
        )
        self.database.current.writes.append(lambda: rows.parked.__setitem__(row.id, row))

    def blocked_streams(self, tenant_id: str, subscriber: str, streams: list[str]) -> set[str]:
        self.world.step()
        if self.variant.successors_pass:
            return set()
        parked = self.database.tenants[tenant_id].parked.values()
        return {
            row.stream
            for row in parked
            if row.subscriber == subscriber and row.state in UNRESOLVED and row.stream in streams
        }

    def parked_before(self, _tenant_id: str, _subscriber: str, _positions: list[int]) -> set[int]:
        return set()

    def next_due(self, tenant_id: str, subscriber: str, *, only: Parked | None = None) -> Parked | None:
        self.world.step()
        due = [
            row
            for row in self.database.tenants[tenant_id].parked.values()
            if row.subscriber == subscriber
            and row.state is State.RETRYING
            and row.next_attempt_at <= self.world.now
            and (only is None or row.id == only.id)
        ]
        if not due:
            return None
        row = min(due, key=lambda row: row.position)
        return Parked(id=row.id, position=row.position, stream=row.stream, attempts=row.attempts, starts=row.starts)

    def count_parked_start(self, parked: Parked) -> Parked | None:
        self.world.step()
        row = self._row(parked.id)
        if row.started_at > self.world.now - STARTING_SECONDS:
            return None
        starts = row.starts + 1
        self._write(row, starts=starts, started_at=self.world.now)
        return replace(parked, starts=starts)

    def forget_parked_start(self, parked: Parked) -> None:
        self.world.step()
        if any(parked.id in rows.parked for rows in self.database.tenants.values()):
            row = self._row(parked.id)
            self._write(row, starts=max(0, row.starts - 1))

    def settle(self, parked: Parked, state: State, *, delay: float = 0.0, error: str = "") -> None:
        self.world.step()
        row = self._row(parked.id)
        again = self.world.now + delay
        self._write(row, state=state, attempts=row.attempts + 1, starts=0, started_at=-1.0, next_attempt_at=again)

    def remove(self, parked_id: int) -> None:
        self.world.step()
        rows = self._rows_of(parked_id)
        self.database.current.writes.append(lambda: rows.parked.pop(parked_id, None))

    def release_next(self, tenant_id: str, subscriber: str, stream: str) -> None:
        self.world.step()
        waiting = [
            row
            for row in self.database.tenants[tenant_id].parked.values()
            if row.subscriber == subscriber and row.stream == stream and row.state is State.WAITING
        ]
        if waiting:
            first = min(waiting, key=lambda row: row.position)
            self._write(first, state=State.RETRYING, attempts=0, next_attempt_at=self.world.now)

    def _row(self, parked_id: int) -> ParkedRow:
        return self._rows_of(parked_id).parked[parked_id]

    def _rows_of(self, parked_id: int) -> TenantRows:
        return next(rows for rows in self.database.tenants.values() if parked_id in rows.parked)

    def _write(self, row: ParkedRow, **values: Any) -> None:
        self.database.current.writes.append(lambda: row.__dict__.update(values))


def undecoded(_type_name: str, _version: int, data: str) -> str:
    return data


def has_news(rows: TenantRows, subscriber: str, types: Sequence[str]) -> bool:
    cursor = rows.cursors[subscriber]
    return any(e.envelope.position > cursor and e.envelope.type in types for e in reversed(rows.log))
