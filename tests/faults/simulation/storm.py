"""A day on which nobody is killed, and on which it takes one start without an end to be taken for a killer.

Drains of one subscription meet, and connections are cut: every start that is counted must end, or be taken back.
"""

from unittest.mock import patch

from tests.faults.simulation.shop import Shop
from tests.faults.simulation.troubles import NO_TROUBLE
from tests.faults.simulation.variants import Variant

STARTS_BEFORE_DEAD = 2
RESTARTS = 0.01
SECONDS_BETWEEN_RESTARTS = 0.5


class Storm(Shop):
    def __init__(self, seed: int, variant: Variant) -> None:
        super().__init__(seed, variant, calm=False)
        self.broker.trouble = "repeat"
        self.restarted_at = 0.0
        self.troubles.of = _fails_twice
        self.strikes.strike = self._strike

    def run(self) -> None:
        with patch("events.delivery.poison.STARTS_BEFORE_DEAD", STARTS_BEFORE_DEAD):
            super().run()

    def _spawn_others(self) -> None:
        self.world.spawn("sweeper", self.sweep)

    def _strike(self) -> None:
        """Restart the database, but leave it the time to take back what a restart has ended."""
        if self.world.now - self.restarted_at > SECONDS_BETWEEN_RESTARTS and self.random.random() < RESTARTS:
            self.restarted_at = self.world.now
            self.database.restart()


def _fails_twice(_name: str, _tenant: str, position: int) -> tuple[str, int]:
    return ("fails", 2) if position % 5 == 0 else NO_TROUBLE
