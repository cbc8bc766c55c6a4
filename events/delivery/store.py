"""What the drains need of the database, in one place; it is passed in, so that a simulation can stand in its stead."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

from django.db import DEFAULT_DB_ALIAS, connection, connections

from events.log import log
from events.log.envelope import Envelope
from events.log.log import Page, StoredEvent
from events.publishing import unit_of_work
from events.subscriptions import cursors, parking
from events.subscriptions.cursors import Isolation, LockedSubscription
from events.subscriptions.parking import Parked, State
from events.subscriptions.pending import Look, look


class Store:
    """The tables of the event layer, as the drains of any subscription use them."""

    def unit_of_work(self) -> AbstractContextManager[object]:
        return unit_of_work.unit_of_work()

    def transaction_id(self) -> str | None:
        """Name the current transaction; None while it has written nothing."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned()::text")
            name: str | None = cursor.fetchone()[0]
            return name

    def may_be_committed(self, transaction_id: str) -> bool:
        """Say, after its COMMIT was not answered, whether a transaction was committed, or may still be."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::xid8)", [transaction_id])
            return cursor.fetchone()[0] != "aborted"

    # The subscription

    def lock(self, tenant_id: str, subscriber: str) -> LockedSubscription | None:
        return cursors.lock(tenant_id, subscriber)

    def account(self, tenant_id: str, subscriber: str, envelopes: Sequence[Envelope], *, reached: int) -> set[int]:
        return cursors.account(tenant_id, subscriber, envelopes, reached=reached)

    def look(self, tenant_id: str, subscribers: Sequence[str]) -> Look:
        return look(tenant_id, subscribers)

    def has_news(self, tenant_id: str, subscriber: str) -> bool:
        return cursors.has_news(tenant_id, subscriber)

    def count_start(self, tenant_id: str, subscriber: str, position: int) -> int | None:
        return cursors.count_start(tenant_id, subscriber, position)

    def forget_start(self, tenant_id: str, subscriber: str, position: int, *, counted: int | None = None) -> None:
        cursors.forget_start(tenant_id, subscriber, position, counted=counted)

    def isolate(self, tenant_id: str, subscriber: str, isolation: Isolation) -> None:
        cursors.isolate(tenant_id, subscriber, isolation)

    def count_outage(self, tenant_id: str, subscriber: str, position: int) -> int:
        return cursors.count_outage(tenant_id, subscriber, position)

    def is_connected(self) -> bool:
        """Say, after an error, whether the connection was not cut. Who closes it inside a unit has not lost it."""
        database = connections[DEFAULT_DB_ALIAS]
        raw = database.connection
        return database.closed_in_transaction or (raw is not None and not raw.broken)

    # The log

    def read(self, tenant_id: str, subscriber: str, *, after: int, types: Iterable[str], limit: int) -> Page:
        return log.read(tenant_id, subscriber=subscriber, after=after, types=types, limit=limit)

    def has_any(self, tenant_id: str, *, after: int, types: Sequence[str]) -> bool:
        return log.has_any(tenant_id, after=after, types=types)

    def read_at(self, tenant_id: str, position: int) -> StoredEvent:
        return log.read_at(tenant_id, position)

    # Parked events

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
        parking.park(subscriber, envelope, state, delay=delay, error=error, starts=starts)

    def blocked_streams(self, tenant_id: str, subscriber: str, streams: list[str]) -> set[str]:
        return parking.blocked_streams(tenant_id, subscriber, streams)

    def parked_before(self, tenant_id: str, subscriber: str, positions: list[int]) -> set[int]:
        return parking.parked_before(tenant_id, subscriber, positions)

    def next_due(self, tenant_id: str, subscriber: str, *, only: Parked | None = None) -> Parked | None:
        return parking.next_due(tenant_id, subscriber, only=only)

    def count_parked_start(self, parked: Parked) -> Parked | None:
        return parking.count_start(parked)

    def forget_parked_start(self, parked: Parked, *, counted: int | None = None) -> None:
        parking.forget_start(parked, counted=counted)

    def settle(self, parked: Parked, state: State, *, delay: float = 0.0, error: str = "") -> None:
        parking.settle(parked, state, delay=delay, error=error)

    def put_off(self, parked: Parked, seconds: float) -> None:
        parking.put_off(parked, seconds)

    def remove(self, parked_id: int) -> None:
        parking.remove(parked_id)

    def release_next(self, tenant_id: str, subscriber: str, stream: str) -> None:
        parking.release_next(tenant_id, subscriber, stream)
