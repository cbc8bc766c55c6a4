"""The drains of a simulated worker, alone and in a round, and what is seen of each of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import OperationalError

from events.delivery.bells import Bells
from events.delivery.dispatch import Dispatch
from events.delivery.drain import Drain
from events.delivery.round import Round
from events.subscriptions.parking import STARTING_SECONDS
from events.subscriptions.registry import Subscriber
from tests.faults.simulation.broker import Message
from tests.faults.simulation.handlers import EXITS
from tests.faults.simulation.protocol import Silence

if TYPE_CHECKING:
    from tests.faults.simulation.shop import Shop

QUEUE = "events"
PACE_SECONDS = 0.05
"""Less than in production: the handlers of some days are taken for slow."""


@dataclass
class Watched:
    """A drain that is watched: it raises nothing that a task does not expect, and a failure leaves a trace."""

    drain: Drain
    shop: "Shop"
    message: Message

    def __getattr__(self, name: str) -> Any:
        return getattr(self.drain, name)

    def run(self) -> int:
        shop, me, name = self.shop, self.shop.world.current, self.drain.subscriber.name
        self.message.at_work = name
        shop.protocol.isolated.discard(me)
        shop.protocol.refused[me] = shop.failures[me] = 0
        before = shop.database.progress[self.message.tenant, name]
        try:
            handled = self.drain.run()
        except OperationalError:
            raise
        except EXITS:
            self._require_progress(before)
            raise
        except Exception as error:
            shop.surprises.append(f"raised: {self.message.tenant} {name} {type(error).__name__} {error}")
            raise
        self._require_progress(before)
        return handled

    def _require_progress(self, before: int) -> None:
        shop, me, name = self.shop, self.shop.world.current, self.drain.subscriber.name
        moved = shop.database.progress[self.message.tenant, name] != before
        if shop.failures[me] and not moved and not shop.protocol.refused[me]:
            shop.surprises.append(f"no progress: {self.message.tenant} {name} after {shop.failures[me]} failures")


@dataclass
class Drains:
    """What a worker's process does with a message, in its release."""

    shop: "Shop"
    message: Message

    def __post_init__(self) -> None:
        self.me = self.shop.world.current
        self.release = self.shop.release_of[self.me]

    def run(self) -> None:
        """Do what the message asks for, as its task does; what this release does not know is nothing to it."""
        shop, message = self.shop, self.message
        message.at_work = ""
        subscriber = self.release.subscribers.get(message.subscriber)
        try:
            if not message.subscriber:
                self.round().run()
            elif subscriber is not None:
                self._alone(subscriber)
        except OperationalError:
            message.visible_at = shop.world.now + shop.random.uniform(0, 2)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, a task does not raise it
            shop.surprises.append(
                f"raised by a task: {message.tenant} {message.at_work} {type(error).__name__} {error}"
            )
        shop.broker.acknowledge(message)

    def _alone(self, subscriber: Subscriber) -> None:
        try:
            self.drain(subscriber, self.shop.bells).run()
        except EXITS:
            self.shop.bells.ring_later(self.message.tenant, subscriber, countdown=STARTING_SECONDS)

    def round(self) -> Round:
        world = self.shop.world
        return self.shop.variant.round(
            self.message.tenant,
            QUEUE,
            list(self.release.subscribers.values()),
            self.shop.bells,
            self._in_round,
            store=self.shop.protocol,
            clock=lambda: world.now,
            now=lambda: world.now,
            is_slow=lambda each: (self.shop.paces[self.me, each.name].seconds or 0) > PACE_SECONDS,
        )

    def _in_round(self, subscriber: Subscriber, bells: Bells, store: Any, budget: float) -> Any:
        if subscriber.name in self.shop.protocol.apart[self.me]:
            self.shop.surprises.append(f"drained with others: {self.message.tenant} {subscriber.name}")
        return self.drain(subscriber, bells, store=store, looks_again=False, budget=budget)

    def drain(self, subscriber: Subscriber, bells: Bells, **options: Any) -> Watched:
        release, tenant = self.release, self.message.tenant
        dispatch = Dispatch(
            subscriber, tenant, middleware=(), decode=release.decode, newest=lambda name: release.versions.get(name, 0)
        )
        drain = self.shop.variant.drain(
            subscriber,
            tenant,
            bells,
            clock=lambda: self.shop.world.now,
            dispatch=dispatch,
            seen=Silence(),
            pace=self.shop.paces[self.me, subscriber.name],
            **{"store": self.shop.protocol, **options},
        )
        return Watched(drain, self.shop, self.message)
