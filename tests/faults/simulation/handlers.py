"""The subscribers' handlers: each writes one effect for an event; some events are in trouble."""

from asyncio import CancelledError
from collections.abc import Callable
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError
from psycopg.errors import SerializationFailure

from events.subscribing import Delivery
from tests.faults.simulation.releases import COUNTED, identity
from tests.faults.simulation.world import Killed

if TYPE_CHECKING:
    from tests.faults.simulation.shop import Shop

TIME_LIMIT_SECONDS = 10.0
EXITS = (SystemExit, CancelledError, KeyboardInterrupt, GeneratorExit)
"""What asks a worker's process to end: its task goes on."""
FAILURES = ("no", "never")


class Handlers:
    def __init__(self, shop: "Shop") -> None:
        self.shop = shop

    def one(self, name: str) -> Callable[..., None]:
        def handle(tenant: str, delivery: Delivery[str]) -> None:
            self._apply(name, tenant, delivery)

        return handle

    def many(self, name: str) -> Callable[..., None]:
        def handle(deliveries: list[Delivery[str]]) -> None:
            for delivery in deliveries:
                self._apply(name, delivery.event, delivery)

        return handle

    def _apply(self, name: str, tenant: str, delivery: Delivery[str]) -> None:
        """Write one effect; fail, or die, where this event is a troubled one."""
        shop, me = self.shop, identity(name)
        shop.world.step()
        position = delivery.envelope.position
        shop.database.add(tenant, "effects", (me, position))
        if shop.troubles.pace:
            shop.world.sleep(shop.random.uniform(0, shop.troubles.pace))
        self._misbehave(me, tenant, position, delivery.attempt)
        if me == "stock" and position % 3 == 0:
            shop.protocol.publish(tenant, COUNTED, f"shelf:{position % 2}")

    def _misbehave(self, me: str, tenant: str, position: int, attempt: int) -> None:
        shop = self.shop
        trouble, times = shop.troubles.of(me, tenant, position)
        if trouble == "fails" and attempt <= times:
            shop.failures[shop.world.current] += 1
            message = f"{FAILURES[position % len(FAILURES)]} {position}"
            raise ValueError(message)
        if trouble in {"", "fails"} or not times:
            return
        shop.troubles.happened(me, tenant, position)
        if trouble == "an outage":
            raise OperationalError("could not serialize access") from SerializationFailure()
        if trouble == "kills":
            shop.strikes.kill(shop.world.current)
            raise Killed
        if trouble == "exits":
            shop.strikes.note_death(shop.workers[shop.world.current])
            raise EXITS[position % len(EXITS)]
        shop.world.sleep(TIME_LIMIT_SECONDS)
        shop.strikes.note_death(shop.workers[shop.world.current])
        raise SoftTimeLimitExceeded
