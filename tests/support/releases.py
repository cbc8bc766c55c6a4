"""Two releases of the code in one test: what a subscriber declares changes, on the same tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from events.event import type_of_class
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions import registry
from events.subscriptions.registry import Subscriber
from kernel.ids import new_id
from tenants.events import TenantReactivated, TenantSuspended

SUSPENDED, REACTIVATED = "tenants.tenant_suspended", "tenants.tenant_reactivated"


class Hearing:
    """A handler that notes the name and the type of what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []

    def hear(self, _event: Any, delivery: Any) -> None:
        self.heard.append((delivery.envelope.position, delivery.envelope.type))

    @property
    def positions(self) -> list[int]:
        return [position for position, _ in self.heard]


def declares(name: str, handler: Any, *events: type, **options: Any) -> Subscriber:
    """Declare a subscriber as one release has it, without registering it."""
    types = frozenset(type_of_class(event).name for event in events)
    return Subscriber(name=name, types=types, handler=handler, **options)


@contextmanager
def release(*declared: Subscriber, without: str = "") -> Iterator[None]:
    """Run the code of a release: with these subscribers beside the others, and without another one."""
    before = dict(registry._subscribers)
    registry._subscribers.update({each.name: each for each in declared})
    registry._subscribers.pop(without, None)
    try:
        yield
    finally:
        registry._subscribers.clear()
        registry._subscribers.update(before)


def suspended(*names: str) -> None:
    with unit_of_work():
        for name in names:
            publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=name))


def reactivated(*names: str) -> None:
    with unit_of_work():
        for name in names:
            publish(TenantReactivated(tenant_uuid=new_id(), tenant_name=name))
