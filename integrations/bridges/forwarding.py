"""Forwarding: the drain of a subscriber whose effect is a bridge. It sends under a lease, and books what is confirmed.

At least once and in order: whatever dies between sending and booking, the same events are sent again under their ids.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import structlog
from django.db import Error

from events.delivery.blocking import Blocking
from events.delivery.dispatch import Dispatch
from events.delivery.failures import OUTDATED_SECONDS, insist
from events.delivery.pace import Pace, pace_of
from events.delivery.poison import KilledItsWorker, Poison, is_deadly
from events.delivery.reading import Portion, Reader
from events.delivery.seeing import Seen
from events.delivery.steps import Step
from events.delivery.store import Store
from events.delivery.verdicts import is_hang
from events.log.horizon import EventArchived
from events.log.log import StoredEvent
from events.subscribing import Delivery
from events.subscriptions import leases
from events.subscriptions.doorbells import Doorbells
from events.subscriptions.leases import Lease
from events.subscriptions.parking import STARTING_SECONDS, Parked, State, described
from events.subscriptions.registry import CANARY, Subscriber
from integrations.bridges.booking import Booking, Sending
from integrations.bridges.bridge import Bridge, BridgeDown, Message, MessageRefused, message_of
from integrations.terms import terms_of_tenant

logger = structlog.get_logger(__name__)

BUDGET_SECONDS = 1.0
"""Bridges have a separate queue, and delay only one another."""


@dataclass
class Forward:
    """One run of a bridge for a tenant."""

    bridge: Bridge
    subscriber: Subscriber
    tenant_id: str
    doorbells: Doorbells
    clock: Callable[[], float] = time.monotonic
    budget: float = BUDGET_SECONDS
    store: Store = field(default_factory=Store)
    handled: int = 0
    deadline: float = 0.0
    owing: bool = False
    retried: bool = False
    """Whether a refused event was sent again last: then it is the turn of new ones."""

    def __post_init__(self) -> None:
        self.seen = Seen(self.subscriber, self.tenant_id)
        self.pace: Pace = pace_of(self.subscriber.name)
        self.poison = Poison(self.subscriber, self.tenant_id, self.store)
        self.blocking = Blocking(self.subscriber, self.tenant_id, self.store)
        dispatch = Dispatch(self.subscriber, self.tenant_id)
        self.can_handle = dispatch.can_handle
        self.reader = Reader(self.subscriber, self.tenant_id, self.store, dispatch)

    @classmethod
    def over(cls, bridge: Bridge, subscriber: Subscriber, tenant_id: str, doorbells: Doorbells) -> "Forward":
        return cls(bridge, subscriber, tenant_id, doorbells)

    def run(self) -> int:
        """Send what is pending, while the budget lasts; return how many events were booked."""
        self.doorbells.answer(self.tenant_id, self.subscriber)
        self.deadline = self.clock() + self.budget
        if self._work():
            self.doorbells.ring_again(self.tenant_id, self.subscriber)
        return self.handled

    def _work(self) -> bool:
        while True:
            step = self._step()
            if step is Step.OUTDATED:
                self.seen.outdated()
                self.doorbells.ring_later(self.tenant_id, self.subscriber, countdown=OUTDATED_SECONDS)
                return False
            if step is Step.NOT_OURS or (step is Step.CAUGHT_UP and not self._second_look()):
                return False
            if self.clock() >= self.deadline and not self.owing and not self.retried:
                return True

    def _second_look(self) -> bool:
        return self.store.has_news(self.tenant_id, self.subscriber.name)

    def _step(self) -> Step:
        lease = self._take()
        if lease is None:
            return Step.NOT_OURS
        try:
            return self._work_under(lease)
        except BaseException as error:
            self._abandon(lease, error)
            raise

    def _take(self) -> Lease | None:
        """Take the lease; where the COMMIT was not answered, it may be taken, and is given back."""
        lease: Lease | None = None
        try:
            with self.store.unit_of_work():
                lease = leases.take(self.tenant_id, self.subscriber.name)
                return self._suspicious(lease) if lease is not None and lease.deaths == 1 else lease
        except BaseException as error:
            if lease is not None:
                self._abandon(lease, error)
            raise

    def _suspicious(self, lease: Lease) -> Lease:
        """Send each of the next messages alone: the lease before was not given back."""
        name, most = self.subscriber.name, self.subscriber.batch_size
        page = self.store.read(self.tenant_id, name, after=lease.cursor, types=lease.heard.types, limit=most)
        return replace(lease, isolation=self.poison.suspect(page.events) or lease.isolation)

    def _abandon(self, lease: Lease, error: BaseException) -> None:
        """End the lease at once. What ends its process, or hangs, is counted by the one that takes the next."""
        died = is_hang(error) or not isinstance(error, Exception)
        insist(self.store, partial(leases.abandon, lease, died=died))
        if died:
            self.seen.died(None, error)
            self.doorbells.ring_later(self.tenant_id, self.subscriber, countdown=STARTING_SECONDS)

    def _work_under(self, lease: Lease) -> Step:
        self.retried = lease.due and not self.retried
        if self.retried:
            return self._forward_parked(lease)
        limit = self.pace.size(self.deadline - self.clock(), self.subscriber.batch_size)
        portion = self.reader.next(lease, limit=limit)
        passing, waiting = self.blocking.part(portion.events) if lease.blocked else (portion.events, [])
        if passing and is_deadly(lease.deaths) and passing[0].envelope.type != CANARY:
            killer = (passing[0], KilledItsWorker(lease.deaths))
            booking = Booking(sent=[], reached=passing[0].envelope.position, dead=killer)
        else:
            booking = Booking.of(passing, portion.reached, self._send(passing))
        return self._book(lease, portion, waiting, booking)

    def _send(self, events: Sequence[StoredEvent]) -> Sending:
        """Send events in order; one that cannot be written as a message is refused, after those before it."""
        outward = [number for number, event in enumerate(events) if event.envelope.type != CANARY]
        messages, refused = self._written([events[number] for number in outward])
        numbers = [*outward, len(events)]
        if messages:
            began = self.clock()
            try:
                self.bridge.send(messages)
            except BridgeDown as down:
                return Sending(confirmed=numbers[down.confirmed], down=down)
            except MessageRefused as error:
                number = next((n for n, each in enumerate(messages) if each.id == error.event_id), error.confirmed)
                return Sending(confirmed=numbers[error.confirmed], refused=(numbers[number], error))
            except Exception as error:
                if is_hang(error):
                    raise
                return Sending(confirmed=0, down=BridgeDown(f"{type(error).__name__}: {error}"))
            finally:
                self.pace.note(len(messages), self.clock() - began)
        if refused is not None:
            return Sending(confirmed=numbers[len(messages)], refused=(numbers[len(messages)], refused))
        return Sending(confirmed=len(events))

    def _written(self, events: Sequence[StoredEvent]) -> tuple[list[Message], Exception | None]:
        """Write the events as messages, up to the first that cannot be written, with the reason."""
        terms, messages = terms_of_tenant(), list[Message]()
        for event in events:
            try:
                messages.append(message_of(event, terms))
            except Error:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a downcaster raises, this event cannot be delivered
                return messages, error
        return messages, None

    def _book(self, lease: Lease, portion: Portion, waiting: list[StoredEvent], booking: "Booking") -> Step:
        """Book what was confirmed, unless the lease was lost: then another sends it again, and books it."""
        delay = self.subscriber.backoff.delay(lease.failures + 1) if booking.down else 0.0
        with self.store.unit_of_work():
            if not (leases.postpone(lease, delay) if booking.down else leases.release(lease)):
                return Step.NOT_OURS
            for event in waiting:
                if event.envelope.position <= booking.reached:
                    self.store.park(self.subscriber.name, event.envelope, State.WAITING)
            if booking.dead:
                event, error = booking.dead
                self.store.park(self.subscriber.name, event.envelope, State.DEAD, error=described(error))
            if booking.isolation:
                self.store.isolate(self.tenant_id, self.subscriber.name, booking.isolation)
            if booking.reached > lease.cursor:
                envelopes = [event.envelope for event in booking.sent]
                self.store.account(self.tenant_id, self.subscriber.name, envelopes, reached=booking.reached)
        self.owing = booking.isolation is not None and booking.reached == lease.cursor
        self._note(booking.sent, attempt=1)
        if booking.dead:
            self.seen.failed(booking.dead[0].envelope, State.DEAD, booking.dead[1], attempts=1)
        if booking.down:
            return self._leave_alone(booking.down, delay)
        step = _next_step(portion, booking)
        return Step.MORE if lease.due and step is Step.CAUGHT_UP else step

    def _leave_alone(self, down: BridgeDown, delay: float) -> Step:
        logger.warning("bridge_down", tenant=self.tenant_id, subscriber=self.subscriber.name, error=str(down))
        self.doorbells.ring_again(self.tenant_id, self.subscriber, countdown=delay)
        return Step.NOT_OURS

    def _note(self, events: Sequence[StoredEvent], *, attempt: int) -> None:
        self.handled += len(events)
        self.seen.applied([Delivery(event=None, envelope=event.envelope, attempt=attempt) for event in events])

    def _forward_parked(self, lease: Lease) -> Step:
        """Send an event once more that was refused, because an operator wants it."""
        parked = self.store.next_due(self.tenant_id, self.subscriber.name)
        if parked is None:
            return self._give_back(lease)
        try:
            event = self.store.read_at(self.tenant_id, parked.position)
        except EventArchived as gone:
            return self._settle_dead(lease, parked, gone)
        if not self.can_handle(event.envelope):
            return self._put_off(lease, parked)
        if is_deadly(lease.deaths):
            return self._settle_dead(lease, parked, KilledItsWorker(lease.deaths))
        return self._send_again(lease, parked, event)

    def _send_again(self, lease: Lease, parked: Parked, event: StoredEvent) -> Step:
        sending = self._send([event])
        if sending.down:
            delay = self.subscriber.backoff.delay(lease.failures + 1)
            with self.store.unit_of_work():
                leases.postpone(lease, delay)
            return self._leave_alone(sending.down, delay)
        if sending.refused:
            step = self._settle_dead(lease, parked, sending.refused[1])
            self.seen.failed(event.envelope, State.DEAD, sending.refused[1], attempts=parked.attempts + 1)
            return step
        with self.store.unit_of_work():
            if not leases.release(lease):
                return Step.NOT_OURS
            self.store.account(self.tenant_id, self.subscriber.name, [event.envelope], reached=lease.cursor)
            self.store.remove(parked.id)
            self.store.release_next(self.tenant_id, self.subscriber.name, parked.stream)
        self._note([event], attempt=parked.attempts + 1)
        return Step.MORE

    def _give_back(self, lease: Lease) -> Step:
        with self.store.unit_of_work():
            leases.release(lease)
        return Step.MORE

    def _settle_dead(self, lease: Lease, parked: Parked, error: Exception) -> Step:
        with self.store.unit_of_work():
            if leases.release(lease):
                self.store.settle(parked, State.DEAD, error=described(error))
        return Step.MORE

    def _put_off(self, lease: Lease, parked: Parked) -> Step:
        self.seen.outdated()
        with self.store.unit_of_work():
            if leases.release(lease):
                self.store.put_off(parked, OUTDATED_SECONDS)
        return Step.MORE


def _next_step(portion: Portion, booking: Booking) -> Step:
    if portion.outdated and not portion.events:
        return Step.OUTDATED
    is_cut = booking.reached < portion.reached or booking.dead or booking.isolation
    return Step.MORE if portion.more or is_cut else Step.CAUGHT_UP
