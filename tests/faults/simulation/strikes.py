"""What strikes a shop, after any statement of anyone: kills, restarts, a broker that is away, loses or repeats."""

from collections import Counter
from typing import TYPE_CHECKING

from tests.faults.simulation.broker import Message
from tests.faults.simulation.releases import identity
from tests.faults.simulation.world import Process

if TYPE_CHECKING:
    from tests.faults.simulation.shop import Shop

CHANCE = 0.012
STRIKES = ["kill", "kill", "kill", "restart", "flush", "down", "drop", "repeat", "delay", "ok"]
RETURNED_AT_ONCE = 0.7
"""How often the message of a worker that was killed comes back because its parent lives."""


class Strikes:
    def __init__(self, shop: "Shop") -> None:
        self.shop, self.random = shop, shop.random
        self.killed_draining: Counter[tuple[str, str]] = Counter()

    def strike(self) -> None:
        """Perhaps let something fail."""
        if self.random.random() > CHANCE:
            return
        shop, strike = self.shop, self.random.choice(STRIKES)
        if strike == "kill":
            alive = [process for process in shop.world.processes if not process.dead]
            if alive:
                self.kill(self.random.choice(alive))
        elif strike == "restart":
            shop.database.restart()
        elif strike == "flush":
            shop.broker.flush()
        elif strike == "down":
            shop.broker.down_until = shop.world.now + self.random.uniform(0, 8)
        else:
            shop.broker.trouble = "" if strike == "ok" else strike

    def kill(self, process: Process) -> None:
        """kill -9; a worker's message comes back at once (its child died) or when its time is over."""
        process.kill()
        self.replace(process)

    def replace(self, process: Process) -> None:
        """Start another in the place of one that is gone."""
        shop = self.shop
        message = shop.workers.pop(process, None)
        self.note_death(message)
        if message is not None and self.random.random() < RETURNED_AT_ONCE:
            shop.broker.reject(message)
        if process.name == "worker" and process not in shop.retired:
            shop.hire(after=self.random.uniform(0, 2))
        elif process.name == "sweeper":
            shop.world.spawn("sweeper", shop.sweep, after=self.random.uniform(0, 5))
        elif process.name == "deploy":
            shop.world.spawn("deploy", shop.deploy.finish, after=self.random.uniform(0, 5))

    def note_death(self, message: Message | None) -> None:
        """Count that a drain ended as if its event had killed it."""
        if message is not None and message.at_work:
            self.killed_draining[message.tenant, identity(message.at_work)] += 1
