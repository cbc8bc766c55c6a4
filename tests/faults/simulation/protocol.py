"""The store of the simulation: what the real drain does to the tables, on a simulated database."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
from django.db import IntegrityError

from events.delivery.store import Store
from events.log.envelope import Envelope
from events.log.horizon import EventArchived
from events.log.log import Page, StoredEvent
from events.subscriptions.cursors import Isolation, LockedSubscription
from events.subscriptions.parking import STARTING_SECONDS, UNRESOLVED, Parked, State, fingerprint
from events.subscriptions.pending import Look, Pending
from tests.faults.simulation.database import Database, Transaction
from tests.faults.simulation.rows import NEVER, NewEvent, ParkedRow, Rows, SubscriptionRow
from tests.faults.simulation.variants import Variant
from tests.faults.simulation.world import Process, World

NEWEST = 5
"""Fewer than production's, so that a look does not always bring all that is pending."""


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
        self.isolated: set[Process] = set()
        """Who has isolated something in the run that is on."""
        self.refused: Counter[Process] = Counter()
        """How often a process was sent away: another has the lock, or has just counted a start, or the row is gone."""
        self.apart: dict[Process, set[str]] = {}
        """Who was to be drained alone, as a round of this process has just seen."""
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

    def transaction_id(self) -> str | None:
        self.world.step()
        transaction = self.database.current
        return transaction.name if transaction.writes else None

    def may_be_committed(self, transaction_id: str) -> bool:
        self.world.step()
        return transaction_id in self.database.made

    def publish(self, tenant: str, type_name: str, stream: str, **options: Any) -> None:
        """Buffer an event; it is appended as the unit's last statement."""
        transaction = self.database.current
        transaction.published.append(NewEvent(type=type_name, stream=stream, **options))
        transaction.tenant = tenant
        if self.variant.lock_when_published:
            self.database.lock(("log", tenant))
        if self.variant.snapshot_before_lock and transaction.early_snapshot is None:
            transaction.early_snapshot = self.database.newest(tenant)

    def _flush(self, transaction: Transaction) -> None:
        events, tenant = transaction.published, transaction.tenant
        if not self.variant.no_log_lock:
            self.world.step()
            self.database.lock(("log", tenant))
        snapshot = transaction.early_snapshot or self.database.snapshot(tenant)
        self.database.append(tenant, events, snapshot=snapshot)
        types = {new.type for new in events}
        transaction.after_commit.append(lambda: self.ring(tenant, types))

    # events.log

    def read(self, tenant_id: str, subscriber: str, *, after: int, types: Iterable[str], limit: int) -> Page:
        rows = self.database.snapshot(tenant_id)
        found = [
            event
            for event in rows.log.values()
            if event.envelope.position > after
            and event.envelope.type in types
            and rows.audiences.get(event.envelope.position, subscriber) == subscriber
        ][:limit]
        reached = found[-1].envelope.position if len(found) == limit else rows.head
        return Page(events=found, reached=max(reached, after), more=rows.head > reached)

    def has_any(self, tenant_id: str, *, after: int, types: Sequence[str]) -> bool:
        events = self.database.snapshot(tenant_id).log.values()
        return any(event.envelope.position > after and event.envelope.type in types for event in events)

    def read_at(self, tenant_id: str, position: int) -> StoredEvent:
        rows = self.database.snapshot(tenant_id)
        found = next((e for e in rows.log.values() if e.envelope.position == position), None)
        if found is None:
            message = f"the event at position {position} is in an archive only"
            raise EventArchived(message)
        return found

    # events.subscriptions.cursors

    def lock(self, tenant_id: str, subscriber: str) -> LockedSubscription | None:
        """Lock the row in one statement, which passes over one that is locked, and read the flags in the next."""
        before = self.database.snapshot(tenant_id)
        if subscriber not in before.subscriptions:
            self.refused[self.world.current] += 1
            return None
        self.world.step()
        if not self.variant.no_row_lock and not self.database.try_lock(("subscriptions", tenant_id, subscriber)):
            self.refused[self.world.current] += 1
            return None
        newest = self.database.newest(tenant_id).subscriptions.get(subscriber)
        if newest is None:
            self.refused[self.world.current] += 1
            return None
        flags = before if self.variant.flags_in_locking_statement else self.database.snapshot(tenant_id)
        parked = list(flags.parked_of(subscriber))
        return LockedSubscription(
            cursor=newest.cursor,
            paused=False,
            blocked=any(row.state in UNRESOLVED or row.position > newest.cursor for row in parked),
            due_in=min(
                (row.next_attempt_at - self.world.now for row in parked if row.state is State.RETRYING), default=None
            ),
            heard=flags.bound(subscriber, after=newest.cursor),
            isolation=self._known_isolation(newest),
            started=newest.started,
        )

    def account(self, tenant_id: str, subscriber: str, envelopes: Sequence[Envelope], *, reached: int) -> set[int]:
        database = self.database
        database.update(tenant_id, "subscriptions", subscriber, lambda row: replace(row, cursor=reached))
        processed = database.newest(tenant_id).processed
        positions = {envelope.position for envelope in envelopes}
        fresh = positions if self.variant.no_row_lock else {p for p in positions if (subscriber, p) not in processed}
        for position in fresh:
            database.write(tenant_id, "processed", (subscriber, position), True)
        return fresh

    def look(self, tenant_id: str, subscribers: Sequence[str]) -> Look:
        """Look at the subscriptions of a queue, and at the newest events, in one statement."""
        rows, now = self.database.snapshot(tenant_id), self.world.now
        found = []
        for name in subscribers:
            row = rows.subscriptions.get(name)
            if row is None or not rows.has_news(name):
                continue
            due = any(each.state is State.RETRYING and each.next_attempt_at <= now for each in rows.parked_of(name))
            apart = due or bool(row.started) or self._known_isolation(row) is not None
            first = rows.first_pending(name)
            found.append(Pending(subscriber=name, cursor=row.cursor, first=first, apart=apart))
        self.apart[self.world.current] = {each.subscriber for each in found if each.apart}
        begin = max(min((each.first for each in found), default=rows.head + 1), rows.head - NEWEST + 1)
        events = [_as_for(rows, event) for event in rows.log.values() if event.envelope.position >= begin]
        return Look(found=found, events=events)

    def has_news(self, tenant_id: str, subscriber: str) -> bool:
        return self.database.snapshot(tenant_id).has_news(subscriber)

    def count_start(self, tenant_id: str, subscriber: str, position: int) -> int | None:
        now = self.world.now

        def counted(row: SubscriptionRow) -> SubscriptionRow | None:
            again = row.started_position == position
            if again and row.started_at > now - STARTING_SECONDS:
                return None
            return replace(row, starts=row.starts + 1 if again else 1, started_position=position, started_at=now)

        row = self.database.update(tenant_id, "subscriptions", subscriber, counted)
        self.refused[self.world.current] += row is None
        return row.starts if row else None

    def forget_start(self, tenant_id: str, subscriber: str, position: int, *, counted: int | None = None) -> None:
        def forgotten(row: SubscriptionRow) -> SubscriptionRow | None:
            return _one_start_less(row, counted) if row.started_position == position else None

        self.database.update(tenant_id, "subscriptions", subscriber, forgotten, patience=STARTING_SECONDS)

    def _known_isolation(self, row: SubscriptionRow) -> Isolation | None:
        forgotten = self.variant.forgets_isolation and self.world.current not in self.isolated
        return None if forgotten else row.isolation

    def isolate(self, tenant_id: str, subscriber: str, isolation: Isolation) -> None:
        self.isolated.add(self.world.current)
        self.database.update(tenant_id, "subscriptions", subscriber, lambda row: replace(row, isolated=isolation))

    def count_outage(self, tenant_id: str, subscriber: str, position: int) -> int:
        def counted(row: SubscriptionRow) -> SubscriptionRow:
            last = row.outage_position
            same = last == position or (last > row.cursor and position > row.cursor)
            return replace(row, outage_position=position, outages=row.outages + 1 if same else 1)

        patience = STARTING_SECONDS
        row = self.database.update(tenant_id, "subscriptions", subscriber, counted, patience=patience)
        return row.outages if row else 0

    def is_connected(self) -> bool:
        """Say yes: an error of this world has its SQLSTATE."""
        return True

    # events.subscriptions.parking

    def park(
        self,
        subscriber: str,
        envelope: Envelope,
        state: State,
        *,
        delay: float = 0.0,
        error: str = "",
        starts: int = 0,
    ) -> None:
        self.world.step()
        tenant, position = envelope.tenant_id, envelope.position
        self.database.lock(("parked", tenant, subscriber, position))
        if any(row.position == position for row in self.database.newest(tenant).parked_of(subscriber)):
            message = f"duplicate key: {subscriber} {position} is parked already"
            raise IntegrityError(message)
        row = ParkedRow(
            id=self.database.new_id(),
            subscriber=subscriber,
            position=position,
            stream=envelope.stream,
            state=state,
            attempts=0 if state is State.WAITING else 1,
            starts=starts,
            next_attempt_at=self.world.now + delay,
            fingerprint=fingerprint(error),
        )
        self.database.write(tenant, "parked", row.id, row)

    def blocked_streams(self, tenant_id: str, subscriber: str, streams: list[str]) -> set[str]:
        if self.variant.successors_pass:
            self.world.step()
            return set()
        parked = self.database.snapshot(tenant_id).parked_of(subscriber)
        return {row.stream for row in parked if row.state in UNRESOLVED and row.stream in streams}

    def parked_before(self, tenant_id: str, subscriber: str, positions: list[int]) -> set[int]:
        parked = self.database.snapshot(tenant_id).parked_of(subscriber)
        return {row.position for row in parked if row.position in positions}

    def next_due(self, tenant_id: str, subscriber: str, *, only: Parked | None = None) -> Parked | None:
        due = [
            row
            for row in self.database.snapshot(tenant_id).parked_of(subscriber)
            if row.state is State.RETRYING
            and row.next_attempt_at <= self.world.now
            and (only is None or row.id == only.id)
        ]
        if not due:
            return None
        row = min(due, key=lambda row: (row.next_attempt_at, row.position))
        return Parked(id=row.id, position=row.position, stream=row.stream, attempts=row.attempts, starts=row.starts)

    def count_parked_start(self, parked: Parked) -> Parked | None:
        now = self.world.now

        def counted(row: ParkedRow) -> ParkedRow | None:
            if row.started_at > now - STARTING_SECONDS:
                return None
            return replace(row, starts=row.starts + 1, started_at=now)

        row = self._update_parked(parked.id, counted)
        self.refused[self.world.current] += row is None
        return replace(parked, starts=row.starts) if row else None

    def forget_parked_start(self, parked: Parked, *, counted: int | None = None) -> None:
        self._update_parked(parked.id, lambda row: _one_start_less(row, counted), patience=STARTING_SECONDS)

    def settle(self, parked: Parked, state: State, *, delay: float = 0.0, error: str = "") -> None:
        again = self.world.now + delay

        def settled(row: ParkedRow) -> ParkedRow | None:
            if row.state is not State.RETRYING or row.attempts != parked.attempts:
                return None
            outcome = replace(row, state=state, attempts=row.attempts + 1, next_attempt_at=again)
            return replace(outcome, fingerprint=fingerprint(error), starts=0, started_at=NEVER)

        self._update_parked(parked.id, settled)

    def put_off(self, parked: Parked, seconds: float) -> None:
        again = self.world.now + seconds
        self._update_parked(
            parked.id, lambda row: replace(row, next_attempt_at=again) if row.state is State.RETRYING else None
        )

    def remove(self, parked_id: int) -> None:
        tenant = self._tenant_of(parked_id)
        if tenant and self.database.update(tenant, "parked", parked_id, lambda row: row):
            self.database.write(tenant, "parked", parked_id, None)

    def release_next(self, tenant_id: str, subscriber: str, stream: str) -> None:
        """`UPDATE … WHERE id = (SELECT …) AND …`: the subquery keeps the statement's snapshot."""
        parked = self.database.snapshot(tenant_id).parked_of(subscriber)
        unresolved = [row for row in parked if row.stream == stream and row.state in UNRESOLVED]
        if not unresolved:
            return
        first, now = min(unresolved, key=lambda row: row.position), self.world.now

        def released(row: ParkedRow) -> ParkedRow | None:
            if row.state is not State.WAITING:
                return None
            return replace(row, state=State.RETRYING, attempts=0, next_attempt_at=now)

        if released(first):
            self.database.change_newest(tenant_id, "parked", first.id, released)

    def _update_parked(
        self, parked_id: int, change: Callable[[ParkedRow], ParkedRow | None], **options: Any
    ) -> ParkedRow | None:
        tenant = self._tenant_of(parked_id)
        return self.database.update(tenant, "parked", parked_id, change, **options) if tenant else None

    def _tenant_of(self, parked_id: int) -> str:
        return next((name for name in self.database.tenants if parked_id in self.database.newest(name).parked), "")


def _as_for(rows: Rows, event: StoredEvent) -> StoredEvent:
    """Return an event as a reader sees it that is nobody's subscriber: with the name of whom it is for."""
    audience = rows.audiences.get(event.envelope.position)
    return (
        event
        if audience is None
        else msgspec.structs.replace(event, envelope=msgspec.structs.replace(event.envelope, audience=audience))
    )


def _one_start_less(row: Any, counted: int | None) -> Any:
    return replace(row, starts=row.starts - 1) if row.starts and counted in {None, row.starts} else None
