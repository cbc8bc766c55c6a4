"""Dispatch: stored events become deliveries, and the handler is called with them, inside the middleware."""

from collections.abc import Callable, Sequence
from typing import Any

from events.event import EventUnreadable, decode, find_type
from events.log.envelope import AnyDelivery, Delivery, Envelope
from events.log.log import StoredEvent
from events.observability.instruments import MIDDLEWARE
from events.observability.middleware import Middleware, Reaction, around
from events.subscriptions.registry import CANARY, Subscriber


class Dispatch:
    """Calls one subscriber for one tenant: the drain's way, the dry run's and the rebuild's.

    :param newest: the newest version of a type that this code has.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        tenant_id: str,
        *,
        middleware: Sequence[Middleware] = MIDDLEWARE,
        decode: Callable[[str, int, str], Any] = decode,
        newest: Callable[[str], int] = lambda name: find_type(name).version,
    ) -> None:
        self.subscriber, self.tenant_id = subscriber, tenant_id
        self.middleware, self.decode, self.newest = middleware, decode, newest
        self.culprit: int | None = None
        """The position of the event that is being read or handled, where that is known."""
        self.handling = False
        """Whether an upcaster or the handler has been called, so that what goes wrong now may be its doing."""

    def can_handle(self, envelope: Envelope) -> bool:
        """Say whether this code declares the type for the subscriber, and knows the version."""
        if envelope.type not in self.subscriber.heard:
            return False
        try:
            return envelope.version <= self.newest(envelope.type)
        except EventUnreadable:
            return False

    def delivery(self, stored: StoredEvent, *, attempt: int) -> AnyDelivery:
        """:raises EventUnreadable: when this code cannot turn the event into an object."""
        envelope = stored.envelope
        self.culprit, self.handling = envelope.position, True
        event = self.decode(envelope.type, envelope.version, stored.data)
        self.culprit, self.handling = None, False
        return Delivery(event=event, envelope=envelope, attempt=attempt)

    def call(self, deliveries: Sequence[AnyDelivery]) -> None:
        """Hand the deliveries to the handler, in order; canaries are nobody's business."""
        wanted = [delivery for delivery in deliveries if delivery.envelope.type != CANARY]
        if not wanted:
            return
        self.handling = True
        if self.subscriber.batch:
            with around(self.middleware, self._reaction(wanted)):
                self.subscriber.handler(wanted)
            return
        for delivery in wanted:
            self.culprit = delivery.envelope.position
            with around(self.middleware, self._reaction([delivery])):
                self.subscriber.handler(delivery.event, delivery)
        self.culprit = None

    def begin(self) -> None:
        """Forget what an earlier batch left."""
        self.culprit, self.handling = None, False

    def _reaction(self, deliveries: Sequence[AnyDelivery]) -> Reaction:
        event = deliveries[-1].event
        return Reaction(listener=self.subscriber.name, event=event, tenant_id=self.tenant_id, deliveries=deliveries)
