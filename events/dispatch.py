"""Dispatch: stored events become deliveries, and the handler is called with them, inside the middleware."""

from collections.abc import Callable, Sequence
from typing import Any

from events.delivery import AnyDelivery, Delivery
from events.event import decode
from events.instruments import MIDDLEWARE
from events.log import StoredEvent
from events.middleware import Middleware, Reaction, around
from events.subscriptions import CANARY, Subscriber


class Dispatch:
    """Calls one subscriber for one tenant: the drain's way, the dry run's and the rebuild's."""

    def __init__(
        self,
        subscriber: Subscriber,
        tenant_id: str,
        *,
        middleware: Sequence[Middleware] = MIDDLEWARE,
        decode: Callable[[str, int, str], Any] = decode,
    ) -> None:
        self.subscriber, self.tenant_id = subscriber, tenant_id
        self.middleware, self.decode = middleware, decode

    def delivery(self, stored: StoredEvent, *, attempt: int) -> AnyDelivery:
        """:raises EventUnreadable: when this code cannot turn the event into an object."""
        envelope = stored.envelope
        event = self.decode(envelope.type, envelope.version, stored.data)
        return Delivery(event=event, envelope=envelope, attempt=attempt)

    def call(self, deliveries: Sequence[AnyDelivery]) -> None:
        """Hand the deliveries to the handler, in order; canaries are nobody's business."""
        wanted = [delivery for delivery in deliveries if delivery.envelope.type != CANARY]
        if not wanted:
            return
        if self.subscriber.batch:
            with around(self.middleware, self._reaction(wanted)):
                self.subscriber.handler(wanted)
            return
        for delivery in wanted:
            with around(self.middleware, self._reaction([delivery])):
                self.subscriber.handler(delivery.event, delivery)

    def _reaction(self, deliveries: Sequence[AnyDelivery]) -> Reaction:
        event = deliveries[-1].event
        return Reaction(listener=self.subscriber.name, event=event, tenant_id=self.tenant_id, deliveries=deliveries)
