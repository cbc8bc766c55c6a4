"""Retention: the oldest events are archived and dropped, when nobody has yet to handle one of them."""

from typing import TYPE_CHECKING

from django.db import OperationalError

from events.subscriptions.parking import UNRESOLVED
from tests.faults.simulation.rows import Rows

if TYPE_CHECKING:
    from tests.faults.simulation.shop import Shop


class Retention:
    def __init__(self, shop: "Shop") -> None:
        self.shop, self.random = shop, shop.random

    def work(self, *, until: float) -> None:
        """Drop the events up to some position, as a month, again and again."""
        world = self.shop.world
        while world.now < until:
            world.sleep(self.random.uniform(2, 10))
            for tenant in self.shop.database.tenants:
                try:
                    self._retain(tenant)
                except OperationalError:
                    continue

    def _retain(self, tenant: str) -> None:
        database = self.shop.database
        with self.shop.protocol.unit_of_work():
            rows = database.snapshot(tenant)
            if not rows.log:
                return
            positions = [event.envelope.position for event in rows.log.values()]
            month_ends = self.random.choice(positions)
            trusts = self.shop.variant.trusts_direct_read
            if not trusts and _is_kept(rows, month_ends):
                return
            rows = database.snapshot(tenant)
            for key, event in rows.log.items():
                if event.envelope.position <= month_ends:
                    database.write(tenant, "log", key, None)
                    database.write(tenant, "archive", key, event)
                    if not trusts:
                        database.write(tenant, "floors", event.envelope.stream, event.envelope.stream_version)
            if not trusts:
                database.write(tenant, "floors", "", month_ends)


def _is_kept(rows: Rows, month_ends: int) -> bool:
    """Say whether a subscription has yet to handle an event up to a position, or has it parked."""
    for name, row in rows.subscriptions.items():
        heard = rows.bound(name)
        for event in rows.log.values():
            if row.cursor < event.envelope.position <= month_ends and rows.is_for(name, heard, event.envelope):
                return True
    return any(row.state in UNRESOLVED and row.position <= month_ends for row in rows.parked.values())
