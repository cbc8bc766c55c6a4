"""What is counted and written down of a subscriber's events, for those who look on."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from events.log.envelope import AnyDelivery, Envelope
from events.observability import instruments, metrics
from events.subscriptions.parking import State, summary
from events.subscriptions.registry import Subscriber

logger = structlog.get_logger(__name__)


@dataclass
class Seen:
    """Passed in, so that a simulation sees nothing."""

    subscriber: Subscriber
    tenant_id: str

    def applied(self, deliveries: Sequence[AnyDelivery]) -> None:
        instruments.applied(self.subscriber.name, deliveries)

    def failed(self, envelope: Envelope, state: State, error: BaseException, *, attempts: int) -> None:
        dead = state is State.DEAD
        (metrics.dead if dead else metrics.failed).labels(self.subscriber.name, envelope.type).inc()
        logger.warning(
            "event_dead" if dead else "event_failed",
            subscriber=self.subscriber.name,
            attempts=attempts,
            error=summary(error),
            **instruments.named(envelope),
        )

    def repeated(self, positions: list[int]) -> None:
        logger.warning("already_processed", subscriber=self.subscriber.name, positions=positions)

    def outdated(self) -> None:
        metrics.outdated_drains.labels(self.subscriber.name).inc()
        logger.warning("drain_outdated", tenant=self.tenant_id, subscriber=self.subscriber.name)

    def died(self, position: int | None, error: BaseException) -> None:
        logger.warning(
            "handler_died",
            tenant=self.tenant_id,
            subscriber=self.subscriber.name,
            position=position,
            error=summary(error),
        )
