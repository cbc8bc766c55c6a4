"""Events of the infrastructure, on the platform's log."""

from uuid import UUID

from events.event import Category, Event, event

TRIAL = "events.webhook_tested"
"""The type of what consumers try their receiver with: it is in no log, so that no class declares it."""


@event("events.service_started", category=Category.SYSTEM, stream="service:{service}")
class ServiceStarted(Event):
    """A process came up: web, worker or beat, on which host, with which process id."""

    service: str
    host: str
    pid: int


@event("events.cache_invalidated", category=Category.SYSTEM, stream="cache:{cache}")
class CacheInvalidated(Event):
    """What processes remember under a key of a cache is out of date."""

    cache: str
    key: str


@event("events.webhook_endpoint_paused", category=Category.SYSTEM, stream="webhook_endpoint:{endpoint_id}")
class WebhookEndpointPaused(Event):
    """Nothing more is sent to an endpoint until it is resumed: an operator, or a day without an answer, stopped it."""

    endpoint_id: UUID
    url: str
    reason: str


@event("events.webhook_endpoint_resumed", category=Category.SYSTEM, stream="webhook_endpoint:{endpoint_id}")
class WebhookEndpointResumed(Event):
    """An endpoint is sent to again, from where it stopped."""

    endpoint_id: UUID
    url: str


@event("events.subscription_paused", category=Category.SYSTEM, stream="subscription:{subscriber}")
class SubscriptionPaused(Event):
    """A subscriber of the shop was stopped by hand: its events wait in the log until somebody resumes it."""

    subscriber: str
    operator: str
    reason: str


@event("events.subscription_resumed", category=Category.SYSTEM, stream="subscription:{subscriber}")
class SubscriptionResumed(Event):
    """A subscriber that was paused goes on where it stopped."""

    subscriber: str
    operator: str


@event("events.canary_released", category=Category.SYSTEM, stream="canary:{canary_id}")
class CanaryReleased(Event):
    """An operator asks whether every subscriber is alive. Nobody acts on it."""

    canary_id: UUID
