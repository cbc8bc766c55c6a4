"""The processes around the protocol: tills that publish, workers that drain, a sweeper, operators."""

from collections import Counter, defaultdict
from random import Random

from django.db import OperationalError

from events.delivery.pace import Pace
from events.subscriptions.parking import State
from events.subscriptions.registry import Subscriber
from tests.faults.simulation.broker import Broker, Message, SimulatedDoorbells
from tests.faults.simulation.database import Database
from tests.faults.simulation.drains import Drains
from tests.faults.simulation.handlers import Handlers
from tests.faults.simulation.operators import Operators
from tests.faults.simulation.protocol import Protocol
from tests.faults.simulation.releases import (
    CHANGES,
    COUNTED,
    SOLD,
    Deploy,
    Release,
    first_rows,
    new_release,
    old_release,
)
from tests.faults.simulation.retention import Retention
from tests.faults.simulation.strikes import Strikes
from tests.faults.simulation.troubles import Troubles
from tests.faults.simulation.variants import Variant
from tests.faults.simulation.world import Process, World

TENANTS = ["north", "south"]
SWEEP_SECONDS = 2.0
FAULTS_UNTIL = 40.0
OPERATORS_UNTIL = 50.0
QUIET_UNTIL = 4000.0
WORKERS = 3
OPERATORS = [0, 1, 3]
TILLS = 3
RUNG_ALONE = [0.0, 0.0, 0.3, 1.0]
"""How often subscribers are rung for one by one, as the sweeper and operators do it, and not by a round's bell."""
RETENTIONS = 0.3
"""On how many days the oldest events are dropped."""


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
        self.workers: dict[Process, Message | None] = {}
        self.paces: defaultdict[tuple[Process, str], Pace] = defaultdict(Pace)
        self.failures: Counter[Process] = Counter()
        self.surprises: list[str] = []
        """What a run of a drain did that none may do, as it was seen."""
        self.alone = Random(f"{seed} alone").choice(RUNG_ALONE)
        self.release_of: dict[Process, Release] = {}
        self.retired: set[Process] = set()
        self.handlers = Handlers(self)
        changes = [] if calm else self.random.sample(CHANGES, self.random.choice([0, 0, 1, 2, len(CHANGES)]))
        self.release = old_release(self)
        self.deploy = Deploy(self, self.release, new_release(self, changes) if changes else self.release)
        for tenant in TENANTS:
            self.database.tenants[tenant] = first_rows(self.release)

    def run(self) -> None:
        self.open_tills(TILLS)
        for _ in range(WORKERS):
            self.hire()
        if not self.calm:
            self._live_through_faults()
        self.world.run(until=QUIET_UNTIL, done=None if self.calm else self.settled)
        self.world.end()

    def _live_through_faults(self) -> None:
        self._spawn_others()
        self.world.at_step = self.strikes.strike
        self.world.run(until=FAULTS_UNTIL)
        self.world.at_step = None
        self.broker.trouble = ""

    def _spawn_others(self) -> None:
        if not self.variant.never_sweeps:
            self.world.spawn("sweeper", self.sweep)
        for _ in range(self.random.choice(OPERATORS)):
            self.world.spawn("operator", lambda: Operators(self).work(until=OPERATORS_UNTIL))
        if self.random.random() < RETENTIONS:
            self.world.spawn("retention", lambda: Retention(self).work(until=FAULTS_UNTIL))
        if self.deploy.after is not self.deploy.before:
            self.world.spawn("deploy", self.deploy.run)
        self.broker.trouble = self.random.choice(["", "repeat"])

    def bound(self) -> list[tuple[str, str]]:
        """List tenants and their subscriptions."""
        return [(tenant, name) for tenant, rows in self.database.tenants.items() for name in rows.subscriptions]

    def known(self, name: str) -> Subscriber:
        """Return a subscriber as the newest code that has it declares it."""
        return self.deploy.after.subscribers.get(name) or self.deploy.before.subscribers[name]

    def settled(self) -> bool:
        return not any(process.name in ("operator", "deploy") for process in self.world.processes) and not any(
            rows.has_news(name) or any(row.state is State.RETRYING for row in rows.parked_of(name))
            for rows in self.database.tenants.values()
            for name in rows.subscriptions
        )

    def open_tills(self, number: int) -> None:
        """Open tills that run the release of this moment."""
        release = self.release
        for tenant in TENANTS:
            for each in range(number):
                self.world.spawn(
                    f"till {tenant} {each}",
                    lambda tenant=tenant: self._till(tenant, release),  # type: ignore[misc]
                )

    def _till(self, tenant: str, release: Release) -> None:
        self.release_of[self.world.current] = release
        for _ in range(self.random.randint(1, 3)):
            self.world.sleep(self.random.uniform(0, 0.02 if self.calm else 8))
            goods = sorted(self.random.sample("abc", 2))
            stream = f"order:{self.random.randrange(3)}"
            try:
                with self.protocol.unit_of_work():
                    self.database.lock(("goods", tenant, goods[0]))
                    self.world.step()
                    self.protocol.publish(tenant, SOLD, stream, version=release.versions[SOLD])
                    self.database.lock(("goods", tenant, goods[1]))
                    second = self.random.choice(sorted(set(release.versions) - {COUNTED}))
                    self.protocol.publish(tenant, second, stream, version=release.versions[second])
            except OperationalError:
                continue

    def _ring(self, tenant: str, types: set[str]) -> None:
        release = self.release_of.get(self.world.current, self.release)
        listening = [each for each in release.subscribers.values() if each.types & types]
        if self.random.random() >= self.alone:
            self.bells.ring_for(tenant, listening)
            listening = [each for each in listening if self.random.random() < self.alone]
        self.bells.ring_alone(tenant, listening)

    def hire(self, after: float = 0.0) -> None:
        process = self.world.spawn("worker", self._work, after=after)
        self.workers[process], self.release_of[process] = None, self.release

    def retire(self, process: Process) -> None:
        """SIGTERM: it ends when it has finished its message; a newer one begins at once."""
        if not process.dead:
            self.retired.add(process)
            self.hire()

    def replace_sweeper(self) -> None:
        for process in [process for process in self.world.processes if process.name == "sweeper"]:
            process.kill()
            self.world.spawn("sweeper", self.sweep)

    def _work(self) -> None:
        me = self.world.current
        while me not in self.retired:
            self.world.wait(lambda: me in self.retired or self.broker.ready())
            message = None if me in self.retired else self.broker.take()
            if message is None:
                continue
            self.workers[me] = message
            Drains(self, message).run()
            if me.dead:
                return
            self.workers[me] = None
        self.workers.pop(me, None)

    def sweep(self) -> None:
        release = self.release
        while True:
            self.world.sleep(SWEEP_SECONDS)
            for tenant, name in self.bound():
                rows, now = self.database.tenants[tenant], self.world.now
                due = any(r.state is State.RETRYING and r.next_attempt_at <= now for r in rows.parked_of(name))
                if name in release.subscribers and (due or rows.has_news(name)):
                    self.bells.ring_again(tenant, release.subscribers[name])

    def _next_message(self) -> float:
        return max(self.broker.next_visible(), self.broker.down_until) if self.broker.queue else float("inf")
