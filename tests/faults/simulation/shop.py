"""The processes around the protocol: tills that publish, workers that drain, a sweeper, operators."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from django.db import OperationalError

from events.bindings import Interval
from events.delivery import Delivery
from events.dispatch import Dispatch
from events.drain import Drain
from events.pace import Pace
from events.parking import State
from events.subscriptions import Backoff, Subscriber
from tests.faults.simulation.broker import Broker, Message, SimulatedDoorbells
from tests.faults.simulation.database import Database
from tests.faults.simulation.operators import Operators
from tests.faults.simulation.protocol import Protocol, Silence, newest_version, undecoded
from tests.faults.simulation.rows import Rows, SubscriptionRow
from tests.faults.simulation.strikes import Strikes
from tests.faults.simulation.troubles import Troubles
from tests.faults.simulation.variants import Variant
from tests.faults.simulation.world import Killed, Process, World

TENANTS = ["north", "south"]
SOLD, COUNTED = "sold", "counted"
SWEEP_SECONDS = 2.0
FAULTS_UNTIL = 40.0
OPERATORS_UNTIL = 50.0
QUIET_UNTIL = 4000.0
WORKERS = 3
OPERATORS = [0, 1, 3]
TILLS = 3


@dataclass(frozen=True, kw_only=True)
class SeededBackoff(Backoff):
    random: Random

    def delay(self, attempt: int, random: Random | None = None) -> float:
        return self.random.uniform(0, min(self.cap, self.base * 2**attempt))


class Shop:
    """One seed's world.

    :param calm: nothing fails and nothing sweeps: every event must be applied by its doorbell alone.
    """

    def __init__(self, seed: int, variant: Variant, *, calm: bool) -> None:
        self.seed, self.random = seed, Random(seed)
        self.variant, self.calm = variant, calm
        self.world = World(self.random)
        self.database = Database(self.world, TENANTS)
        self.broker = Broker(self.world)
        self.world.next_moment = self._next_message
        self.protocol = Protocol(self.world, self.database, variant)
        self.bells = SimulatedDoorbells(self.broker)
        self.protocol.ring = self._ring
        self.troubles = Troubles(seed, calm)
        self.strikes = Strikes(self)
        self.paces: defaultdict[str, Pace] = defaultdict(Pace)
        self.workers: dict[Process, Message | None] = {}
        self.failures: Counter[Process] = Counter()
        self.surprises: list[str] = []
        """What a run of a drain did that none may do, as it was seen."""
        backoff = SeededBackoff(base=0.5, cap=5.0, attempts=4, random=self.random)
        options: dict[str, Any] = {"backoff": backoff, "handler": lambda *_: None}
        self.subscribers = {
            subscriber.name: subscriber
            for subscriber in (
                Subscriber(name="stock", types=frozenset([SOLD]), batch_size=3, **options),
                Subscriber(name="levels", types=frozenset([SOLD, COUNTED]), batch=True, batch_size=4, **options),
            )
        }
        for name, subscriber in self.subscribers.items():
            object.__setattr__(subscriber, "handler", self._many(name) if subscriber.batch else self._one(name))
        bindings = {
            (name, type_name, 0): Interval(type=type_name, since=0)
            for name, subscriber in self.subscribers.items()
            for type_name in subscriber.types
        }
        for tenant in TENANTS:
            subscriptions = dict.fromkeys(self.subscribers, SubscriptionRow(cursor=0))
            self.database.tenants[tenant] = Rows(subscriptions=subscriptions, bindings=bindings)

    def run(self) -> None:
        for tenant in TENANTS:
            for number in range(TILLS):
                self.world.spawn(f"till {tenant} {number}", lambda tenant=tenant: self._till(tenant))  # type: ignore[misc]
        for _ in range(WORKERS):
            self.hire()
        if self.calm:
            self.world.run(until=QUIET_UNTIL)
            return
        self._spawn_others()
        self.world.at_step = self.strikes.strike
        self.world.run(until=FAULTS_UNTIL)
        self.world.at_step = None
        self.broker.trouble = ""
        self.world.run(until=QUIET_UNTIL, done=self.settled)
        for process in self.world.processes:
            process.kill()
        self.world.bury()

    def _spawn_others(self) -> None:
        if not self.variant.never_sweeps:
            self.world.spawn("sweeper", self.sweep)
        for _ in range(self.random.choice(OPERATORS)):
            self.world.spawn("operator", lambda: Operators(self).work(until=OPERATORS_UNTIL))
        self.broker.trouble = self.random.choice(["", "repeat"])

    def bound(self) -> Iterator[tuple[str, str]]:
        """List tenants and their subscriptions."""
        return ((tenant, name) for tenant in TENANTS for name in self.subscribers)

    def settled(self) -> bool:
        return all(
            not any(rows.has_news(name) for name in rows.subscriptions)
            and not any(row.state is State.RETRYING for row in rows.parked.values())
            for rows in self.database.tenants.values()
        ) and not any(process.name == "operator" for process in self.world.processes)

    def _till(self, tenant: str) -> None:
        for _ in range(self.random.randint(1, 3)):
            self.world.sleep(self.random.uniform(0, 0.02 if self.calm else 8))
            goods = sorted(self.random.sample("abc", 2))
            stream = f"order:{self.random.randrange(3)}"
            try:
                with self.protocol.unit_of_work():
                    self.database.lock(("goods", tenant, goods[0]))
                    self.world.step()
                    self.protocol.publish(tenant, SOLD, stream)
                    self.database.lock(("goods", tenant, goods[1]))
                    self.protocol.publish(tenant, SOLD, stream)
            except OperationalError:
                continue

    def _ring(self, tenant: str, types: set[str]) -> None:
        listening = [subscriber for subscriber in self.subscribers.values() if subscriber.types & types]
        self.bells.ring_for(tenant, listening)

    def hire(self, after: float = 0.0) -> None:
        process = self.world.spawn("worker", self._work, after=after)
        self.workers[process] = None

    def _work(self) -> None:
        me = self.world.current
        while True:
            self.world.wait(self.broker.ready)
            message = self.broker.take()
            if message is None:
                continue
            self.workers[me] = message
            subscriber = self.subscribers[message.subscriber]
            drain = self.variant.drain(
                subscriber,
                message.tenant,
                self.bells,
                clock=lambda: self.world.now,
                store=self.protocol,
                dispatch=Dispatch(subscriber, message.tenant, middleware=(), decode=undecoded, newest=newest_version),
                seen=Silence(),
                pace=self.paces[subscriber.name],
            )
            self._run(drain, message)
            self.workers[me] = None

    def _run(self, drain: Drain, message: Message) -> None:
        """Run a drain as its task does, and see that a failure leaves something behind."""
        me, name = self.world.current, f"{message.tenant} {message.subscriber}"
        self.protocol.refused[me] = self.failures[me] = self.database.progress[me] = 0
        try:
            drain.run()
        except OperationalError:
            message.visible_at = self.world.now + self.random.uniform(0, 2)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, a task does not raise it
            self.surprises.append(f"raised: {name} {type(error).__name__} {error}")
        self.broker.acknowledge(message)

    def sweep(self) -> None:
        while True:
            self.world.sleep(SWEEP_SECONDS)
            for tenant, rows in self.database.tenants.items():
                for name, subscriber in self.subscribers.items():
                    due = any(
                        row.subscriber == name and row.state is State.RETRYING and row.next_attempt_at <= self.world.now
                        for row in rows.parked.values()
                    )
                    if due or rows.has_news(name):
                        self.bells.ring_again(tenant, subscriber)

    def _one(self, name: str) -> Any:
        def handle(tenant: str, delivery: Delivery[str]) -> None:
            self._apply(name, tenant, delivery)

        return handle

    def _many(self, name: str) -> Any:
        def handle(deliveries: list[Delivery[str]]) -> None:
            for delivery in deliveries:
                self._apply(name, delivery.event, delivery)

        return handle

    def _apply(self, name: str, tenant: str, delivery: Delivery[str]) -> None:
        """Write one effect; fail, or die, where this event is a troubled one."""
        self.world.step()
        position = delivery.envelope.position
        self.database.add(tenant, "effects", (name, position))
        if self.troubles.pace:
            self.world.sleep(self.random.uniform(0, self.troubles.pace))
        trouble, times = self.troubles.of(name, tenant, position)
        if trouble == "fails" and delivery.attempt <= times:
            self.failures[self.world.current] += 1
            message = f"no {position}"
            raise ValueError(message)
        if trouble == "kills" and times:
            self.troubles.happened(name, tenant, position)
            self.strikes.kill(self.world.current)
            raise Killed
        if name == "stock" and position % 3 == 0:
            self.protocol.publish(tenant, COUNTED, f"shelf:{position % 2}")

    def _next_message(self) -> float:
        return max(self.broker.next_visible(), self.broker.down_until) if self.broker.queue else float("inf")
