"""What a subscriber is handed: the event, and what is known around it."""

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from events.log.causes import Cause

E = TypeVar("E")


class Envelope(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What is stored around an event. `position` is its place in the tenant's log: 1, 2, 3… in commit order.

    `audience` is the one subscriber that an edited copy is for; None for everybody.
    """

    event_id: UUID
    type: str
    version: int
    category: str
    tenant_id: str
    stream: str
    stream_version: int
    position: int
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    actor: str
    traceparent: str
    audience: str | None = None

    def cause(self) -> Cause:
        """What an event that a handler publishes now is caused by."""
        return Cause(
            correlation_id=self.correlation_id,
            causation_id=self.event_id,
            actor=self.actor,
            traceparent=self.traceparent,
        )


class Delivery(msgspec.Struct, Generic[E], frozen=True, kw_only=True, gc=False):
    """:param attempt: 1 the first time this event is given to this subscriber."""

    event: E
    envelope: Envelope
    attempt: int


AnyDelivery = Delivery[Any]
