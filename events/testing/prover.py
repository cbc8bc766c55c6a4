"""For tests of subscribers: prove that one leaves the same rows however it is run.

    def test_my_subscriber_is_idempotent(committed):
        publish_what_it_hears()
        prove_idempotent("my_app.my_subscriber")

The subscriber's pending events are applied once; then, each time from the same rows, twice, by several drains at once,
with a crash at every statement, and, where the handler takes lists, one event at a time. The rows of the tenant's
schema, its log and its accounts must be the same each time, but for what is new by nature: ids that were not there
before, and moments. In each run the handler is watched: it may not swallow an error that has undone its work, leave its
tenant, end its process, take longer for an event than a drain may take, or keep the drain busy without an end.

It commits for real, in the schema that the connection is in; the caller brings it back afterwards.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Barrier, Thread
from typing import Any

from django.db import connection, connections

from events.delivery.dispatch import Dispatch
from events.delivery.drain import Drain
from events.delivery.pace import BUDGET_SECONDS, Pace
from events.log.log import head
from events.observability.instruments import MIDDLEWARE
from events.subscriptions.doorbells import Doorbells
from events.subscriptions.registry import Subscriber, find_subscriber
from events.testing.crashes import Crash, counted
from events.testing.snapshot import Snapshot, of_others
from events.testing.watch import (
    LONGEST_RUN_SECONDS,
    BoundedStore,
    HandlerFails,
    Interrupted,
    LeavesTenant,
    NeverEnds,
    NotIdempotent,
    TooSlow,
    Watch,
    interrupted,
)
from kernel.tenancy import current_tenant, tenant_connection

DRAINS_AT_ONCE = 3
TRIES_OF_SLOW = 3
"""An event counts as slow when it is slow each time: a machine under load is not its fault."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was tried. :param events: applied each time. :param crashes: one at each statement of the drain."""

    events: int
    crashes: int
    tables: list[str]


class _Silent(Doorbells):
    """Rings nowhere: the drains are run by hand."""

    def ring_for(self, tenant_id: str, subscribers: list[Subscriber]) -> None: ...

    def ring_again(self, *_bell: object, **_options: object) -> bool:
        return True

    def _try(self, command: Callable[[], object], **about: str) -> object: ...


def prove_idempotent(
    name: str, *, outside: Callable[[], Any] = lambda: None, clock: Callable[[], float] = time.monotonic
) -> Proof:
    """Run a subscriber's pending events in every way, and compare what is left.

    :param outside: reads what the subscriber may have done beyond the tenant's rows; it is compared too.
    :param clock: seconds, monotonic, by which the drains and the handler are timed.
    :raises NotIdempotent: with the rows that differ, and the way that made them; its subclasses name what else a
        handler may not do: `SwallowsErrors`, `LeavesTenant`, `TooSlow`, `EndsItsProcess`, `NeverEnds`, `HandlerFails`.
    :raises ValueError: when nothing is pending, so that nothing would be proved.
    """
    return _Prover(find_subscriber(name), outside, clock).prove()


@dataclass
class _Prover:
    subscriber: Subscriber
    outside: Callable[[], Any]
    clock: Callable[[], float]
    watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self.tenant = tenant_connection().tenant
        self.tenant_id = current_tenant()
        self.watch = Watch(self.subscriber.name, self.clock)
        self.snapshot = Snapshot(self.tenant_id, self.subscriber.name)
        self.most_events = max(1, head(self.tenant_id) - self.snapshot.cursor)

    def prove(self) -> Proof:
        others = of_others(self.tenant_id)
        with counted() as statements:
            events = self._drain()
        self._require_effect(events)
        self._require_others(others)
        self.once, self.left_outside = self.snapshot.rows(), self.outside()
        self._require_speed()
        self._again("twice", self._twice)
        self._again("by several drains at once", self._at_once)
        if self.subscriber.batch:
            self._again("one event at a time", self._one_at_a_time)
        for at in range(1, statements.count + 1):
            self._again(f"with a crash at statement {at} of {statements.count}", lambda at=at: self._crashing(at))  # type: ignore[misc]
        self.snapshot.restore()
        changed = [table for table, rows in self.once.items() if rows != self.snapshot.before.get(table)]
        return Proof(events=events, crashes=statements.count, tables=changed)

    def _require_effect(self, events: int) -> None:
        if events:
            return
        if self.watch.failures:
            error = self.watch.failures[0]
            message = f"{self.subscriber.name} applied nothing, it fails: {type(error).__name__}: {error}"
            raise HandlerFails(message) from error
        message = f"{self.subscriber.name} has nothing pending in {self.tenant_id}: publish what it hears first"
        raise ValueError(message)

    def _require_others(self, before: dict[str, str]) -> None:
        after = of_others(self.tenant_id)
        touched = sorted(table for table in before.keys() | after.keys() if before.get(table) != after.get(table))
        if touched:
            message = f"{self.subscriber.name} reacts in {self.tenant_id} and leaves it: it wrote {', '.join(touched)}"
            raise LeavesTenant(message)

    def _require_speed(self) -> None:
        for _ in range(TRIES_OF_SLOW - 1):
            if max(self.watch.seconds.values()) <= BUDGET_SECONDS:
                return
            self.snapshot.restore()
            self._drain()
            self.outside()
        position, seconds = max(self.watch.seconds.items(), key=lambda timed: timed[1])
        if seconds > BUDGET_SECONDS:
            message = (
                f"{self.subscriber.name} takes {seconds:g} seconds for the event at position {position}, and a drain"
                f" has {BUDGET_SECONDS:g}: what takes long is an outgoing call, or several events"
            )
            raise TooSlow(message)

    def _again(self, way: str, run: Callable[[], None]) -> None:
        self.snapshot.restore()
        run()
        after, left_outside = self.snapshot.rows(), self.outside()
        differences = list(self.snapshot.differences(self.once, after))
        if left_outside != self.left_outside:
            differences.append(f"outside: {self.left_outside!r} became {left_outside!r}")
        if differences:
            lines = "\n".join(differences[:20])
            message = f"{self.subscriber.name}, run {way}, left other rows than run once:\n{lines}"
            raise NotIdempotent(message)

    def _twice(self) -> None:
        self._drain()
        self.snapshot.set_cursor_back()
        self._drain()

    def _at_once(self) -> None:
        ready = Barrier(DRAINS_AT_ONCE)

        def run() -> None:
            try:
                tenant_connection().set_tenant(self.tenant)
                ready.wait(10)
                self._drain()
            finally:
                connections.close_all()

        threads = [Thread(target=run, daemon=True) for _ in range(DRAINS_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONGEST_RUN_SECONDS)
            if thread.is_alive():
                message = f"{self.subscriber.name} does not end when several drains run at once"
                raise NeverEnds(message)
        self._drain()

    def _one_at_a_time(self) -> None:
        """What a handler does, publishes and names as the cause must not show which events shared a transaction."""
        together, self.subscriber = self.subscriber, replace(self.subscriber, batch_size=1)
        try:
            self._drain()
        finally:
            self.subscriber = together

    def _crashing(self, at: int) -> None:
        try:
            with counted(crash_at=at):
                self._drain()
        except Crash:
            connection.close()
            tenant_connection().set_tenant(self.tenant)
        self._drain()

    def _drain(self) -> int:
        """Drain until nothing is left, retries included; return how many events were applied.

        :raises NotIdempotent: when the watch has found something.
        """
        handled = 0
        store = BoundedStore(self.subscriber.name, self.most_events)
        try:
            with interrupted():
                while done := self._drain_once(store):
                    handled += done
        except BaseException as error:
            if isinstance(error, Interrupted):
                connection.close()
            self.watch.require_good()
            raise
        self.watch.require_good()
        return handled

    def _drain_once(self, store: BoundedStore) -> int:
        dispatch = Dispatch(self.subscriber, self.tenant_id, middleware=(self.watch, *MIDDLEWARE))
        pace = Pace(seconds=0.0, largest=self.subscriber.batch_size)
        return Drain(
            self.subscriber, self.tenant_id, _Silent(), clock=self.clock, store=store, dispatch=dispatch, pace=pace
        ).run()
