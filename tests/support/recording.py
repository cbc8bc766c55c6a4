"""A subscriber that writes a row for what it hears, and fails where it is told to."""

from collections.abc import Callable
from typing import Any

from events.models import ParkedEvent, Subscription
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff, Delivery
from kernel.ids import new_id
from pos.models import Location
from tenants.events import TenantSuspended
from tests.support import make

Subscribe = Callable[..., str]
SOON = Backoff(base=0.0, cap=0.0, attempts=3)


def say(*tenant_names: str) -> None:
    with unit_of_work():
        for name in tenant_names:
            publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=name))


class Recorder:
    """A handler that writes a row for what it hears, and fails where it is told to."""

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.calls: list[str] = []
        self.complaint = ""

    def record(self, event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        self.calls.append(event.tenant_name)
        write(event.tenant_name, delivery)
        if self.failing.get(event.tenant_name, 0) >= delivery.attempt:
            raise ValueError(self.complaint or f"no {event.tenant_name} today")


def write(name: str, delivery: Delivery[Any]) -> None:
    code = f"{delivery.envelope.position}-{name}"
    Location.objects.create(code=code, name=name, currency="EUR")


def written() -> list[str]:
    rows = Location.objects.exclude(code="MAIN").values_list("code", flat=True)
    return sorted(rows, key=lambda code: int(code.split("-")[0]))


def parked(name: str) -> list[tuple[int, str]]:
    return list(ParkedEvent.objects.filter(subscriber=name).order_by("position").values_list("position", "state"))


def let_a_second_pass(name: str) -> None:
    """Let a counted start be older than the moment in which another drain may be about to handle the event.

    What is to be tried again is due.
    """
    Subscription.objects.filter(subscriber=name).update(started_at=None)
    ParkedEvent.objects.filter(subscriber=name).update(started_at=None, next_attempt_at=make.NOW)
