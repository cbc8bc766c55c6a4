"""Forwarding: the drain of a subscriber whose effect is a bridge. It sends under a lease, and books what is confirmed.

At least once and in order: whatever dies between sending and booking, the same events are sent again under their ids.
"""

from collections.abc import Sequence

import structlog

from events import cursors, leases, parking
from events.bridges.bridge import Bridge, BridgeDown, MessageRefused, message_of
from events.delivery import Delivery
from events.doorbells import Doorbells
from events.drain import Drain, Step
from events.event import EventUnreadable
from events.leases import Lease
from events.log import Page, StoredEvent, read, read_at
from events.parking import State
from events.pins import pins_of_tenant
from events.subscriptions import CANARY, Subscriber
from events.unit_of_work import unit_of_work
from events.versions import VersionUnreachable

logger = structlog.get_logger(__name__)

BUDGET_SECONDS = 1.0
"""Bridges have a queue of their own, and hold up only one another."""


class Forward(Drain):
    """One run of a bridge for a tenant; `singles` are sent alone, to find the one that is refused."""

    bridge: Bridge

    @classmethod
    def over(cls, bridge: Bridge, subscriber: Subscriber, tenant_id: str, doorbells: Doorbells) -> "Forward":
        forward = cls(subscriber, tenant_id, doorbells, budget=BUDGET_SECONDS)
        forward.bridge = bridge
        return forward

    def _step(self) -> Step:
        with unit_of_work():
            lease = leases.take(self.tenant_id, self.subscriber.name)
        if lease is None:
            return Step.NOT_OURS
        if lease.due:
            return self._forward_parked(lease)
        limit = 1 if self.singles else self.subscriber.batch_size
        name, types = self.subscriber.name, self.subscriber.heard
        page = read(self.tenant_id, subscriber=name, after=lease.cursor, types=types, limit=limit)
        passing, waiting = self._sorted(page.events) if lease.blocked else (page.events, [])
        try:
            self._send(passing)
        except BridgeDown as down:
            return self._put_off(lease, down)
        except (MessageRefused, EventUnreadable, VersionUnreachable) as refused:
            return self._set_aside(lease, passing, waiting, refused)
        return self._book(lease, passing, waiting, page)

    def _sorted(self, events: list[StoredEvent]) -> tuple[list[StoredEvent], list[StoredEvent]]:
        """Part the events that may be sent from those that must wait behind one that was refused."""
        positions = [event.envelope.position for event in events]
        excluded = parking.parked_before(self.tenant_id, self.subscriber.name, positions)
        blocked = self._streams_blocked_for(events)
        wanted = [event for event in events if event.envelope.position not in excluded]
        waiting = [event for event in wanted if event.envelope.stream in blocked]
        return [event for event in wanted if event.envelope.stream not in blocked], waiting

    def _send(self, events: Sequence[StoredEvent]) -> None:
        pins = pins_of_tenant()
        outward = [event for event in events if event.envelope.type != CANARY]
        messages = [message_of(event, pins) for event in outward]
        if messages:
            self.bridge.send(messages)

    def _book(self, lease: Lease, sent: list[StoredEvent], waiting: list[StoredEvent], page: Page) -> Step:
        """Book what was confirmed, unless the lease was lost: then another sends it again, and books it."""
        with unit_of_work():
            if not leases.release(lease):
                return Step.NOT_OURS
            for event in waiting:
                parking.park(self.subscriber.name, event.envelope, State.WAITING)
            envelopes = [event.envelope for event in sent]
            cursors.account(self.tenant_id, self.subscriber.name, envelopes, reached=page.reached)
        self._note([Delivery(event=None, envelope=event.envelope, attempt=1) for event in sent])
        self.singles = max(0, self.singles - len(page.events))
        return Step.MORE if page.more else Step.CAUGHT_UP

    def _put_off(self, lease: Lease, down: BridgeDown) -> Step:
        delay = self.subscriber.backoff.delay(lease.failures + 1)
        with unit_of_work():
            leases.postpone(lease, delay)
        logger.warning("bridge_down", tenant=self.tenant_id, subscriber=self.subscriber.name, error=str(down))
        self.doorbells.ring_again(self.tenant_id, self.subscriber, countdown=delay)
        return Step.NOT_OURS

    def _set_aside(
        self, lease: Lease, tried: list[StoredEvent], waiting: list[StoredEvent], refused: Exception
    ) -> Step:
        """Find the event that is never taken by sending one at a time; it goes dead, and its stream waits."""
        if len(tried) + len(waiting) > 1:
            self.singles = len(tried) + len(waiting)
            with unit_of_work():
                leases.release(lease)
            return Step.MORE
        (event,) = tried
        with unit_of_work():
            if not leases.release(lease):
                return Step.NOT_OURS
            parking.park(self.subscriber.name, event.envelope, State.DEAD, error=parking.described(refused))
            cursors.account(self.tenant_id, self.subscriber.name, [], reached=event.envelope.position)
        self.singles = max(0, self.singles - 1)
        self.seen.failed(event.envelope, State.DEAD, refused, attempts=1)
        return Step.MORE

    def _forward_parked(self, lease: Lease) -> Step:
        """Send an event once more that was refused, because an operator wants it."""
        parked = parking.next_due(self.tenant_id, self.subscriber.name)
        if parked is None:
            with unit_of_work():
                leases.release(lease)
            return Step.MORE
        event = read_at(self.tenant_id, parked.position)
        try:
            self._send([event])
        except BridgeDown as down:
            return self._put_off(lease, down)
        except (MessageRefused, EventUnreadable, VersionUnreachable) as refused:
            with unit_of_work():
                if leases.release(lease):
                    parking.settle(parked, State.DEAD, error=parking.described(refused))
            self.seen.failed(event.envelope, State.DEAD, refused, attempts=parked.attempts + 1)
            return Step.MORE
        with unit_of_work():
            if not leases.release(lease):
                return Step.NOT_OURS
            cursors.account(self.tenant_id, self.subscriber.name, [event.envelope], reached=lease.cursor)
            parking.remove(parked.id)
            parking.release_next(self.tenant_id, self.subscriber.name, parked.stream)
        self._note([Delivery(event=None, envelope=event.envelope, attempt=parked.attempts + 1)])
        return Step.MORE
