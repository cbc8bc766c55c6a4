"""Subscribers of the event layer."""

from events.events import ServiceStarted
from events.maintenance import sweeper
from events.subscribing import Delivery, subscriber


@subscriber("events.catch_up_after_start", ServiceStarted, platform=True)
def catch_up_after_start(_event: ServiceStarted, _delivery: Delivery[ServiceStarted]) -> None:
    """Ring for what is pending since a service was away, without waiting for the next round of the sweeper."""
    sweeper.sweep(insist=True)
