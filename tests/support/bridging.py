"""A bridge that takes messages unless it is told not to, and what forwards to it."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from events.event import Category, classes_in
from events.operations.tenant_records import subscribe_tenant
from events.subscriptions.registry import find_subscriber
from events.testing.doorbells import SilentDoorbells
from integrations.bridges.bridge import BridgeDown, Message, MessageRefused
from integrations.bridges.forwarding import Forward
from integrations.bridges.subscribing import subscribe_bridge

A, B = UUID(int=1), UUID(int=2)


class FakeBridge:
    """Takes messages, unless it is told not to."""

    name = "tests.bridge"

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.down = False
        self.refuses: set[str] = set()
        self.meanwhile: Callable[[], object] = lambda: None

    def send(self, messages: Sequence[Message]) -> None:
        if self.down:
            raise BridgeDown("nobody there")
        for message in messages:
            if message.key in self.refuses:
                raise MessageRefused(message.id, "too large")
            self.sent.append(message)
        self.meanwhile()

    def close(self) -> None: ...


def bridged(bridge: Any) -> Callable[[], int]:
    """Subscribe a bridge, and return what forwards once."""
    subscribe_bridge(bridge, *classes_in(Category.INTEGRATION))
    subscribe_tenant()

    def forward() -> int:
        return Forward.over(bridge, find_subscriber(bridge.name), "north", SilentDoorbells()).run()

    return forward


def key(tender_id: UUID) -> str:
    return f"north/tender:{tender_id}"
