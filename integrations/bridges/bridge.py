"""What every bridge can do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from events.log.log import StoredEvent
from integrations.cloudevents import CONTENT_TYPE
from integrations.outward import Undeliverable, outward
from integrations.terms import Terms


class BridgeDown(Exception):
    """The other broker did not take everything: what it did not confirm is sent again, later.

    :param confirmed: how many messages it has confirmed, counted from the first.
    """

    def __init__(self, reason: str, *, confirmed: int = 0) -> None:
        super().__init__(reason)
        self.confirmed = confirmed


class MessageRefused(Exception):
    """The other broker will never take this message: it is too large, or malformed.

    :param confirmed: how many messages it has confirmed, counted from the first.
    """

    def __init__(self, event_id: str, reason: str, *, confirmed: int = 0) -> None:
        super().__init__(f"event {event_id}: {reason}")
        self.event_id, self.confirmed = event_id, confirmed


@dataclass(frozen=True, kw_only=True)
class Message:
    """An event on its way out, as a CloudEvent in structured JSON.

    :param id: the event's id, the same at every attempt. :param key: the stream, with its tenant.
    """

    id: str
    type: str
    tenant: str
    key: str
    body: bytes
    content_type: str = CONTENT_TYPE


class Bridge(Protocol):
    name: str

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages in order, and return when the other side has confirmed all of them; within half a minute.

        :raises BridgeDown: when not all were confirmed; it says how many were.
        :raises MessageRefused: when one will never be taken; it says how many were confirmed before.
        """

    def close(self) -> None:
        """Let go of the connection; the next call makes another."""


def message_of(stored: StoredEvent, terms: Terms) -> Message:
    """:raises MessageRefused: when the event cannot be delivered."""
    envelope = stored.envelope
    found = outward(stored, terms)
    if isinstance(found, Undeliverable):
        raise MessageRefused(str(envelope.event_id), f"it cannot be delivered: {found.reason}")
    return Message(
        id=str(envelope.event_id),
        type=envelope.type,
        tenant=envelope.tenant_id,
        key=f"{envelope.tenant_id}/{envelope.stream}",
        body=found.body,
    )
