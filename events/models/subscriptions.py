"""Subscriptions: what they hear, how far they have come, what they applied and what is parked."""

from django.db import models

from events.models.walled import Walled
from events.subscriptions.parking import State


class Subscription(Walled):
    """How far a subscriber has come in a tenant's log. `start` is where it began."""

    subscriber = models.TextField()
    start = models.BigIntegerField()
    cursor = models.BigIntegerField()
    paused_at = models.DateTimeField(null=True)
    started_position = models.BigIntegerField(default=0)
    starts = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_subscription"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.subscriber}"


class Binding(Walled):
    """A type that a subscription hears: the events with `since` < position, up to `until` where it has ended."""

    pk = models.CompositePrimaryKey("tenant_id", "subscriber", "type", "since")
    subscriber = models.TextField()
    type = models.TextField()
    since = models.BigIntegerField()
    until = models.BigIntegerField(null=True)
    bound_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_binding"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.subscriber} {self.type} since {self.since}"


class ProcessedEvent(Walled):
    """The proof that an event was applied by a subscriber. `recorded_at` is the event's, for the partitions."""

    pk = models.CompositePrimaryKey("tenant_id", "subscriber", "position")
    subscriber = models.TextField()
    position = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    processed_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_processedevent"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.subscriber} {self.position}"


class ParkedEvent(Walled):
    """An event that failed for a subscriber, or that waits for one that failed on its stream."""

    subscriber = models.TextField()
    position = models.BigIntegerField()
    event_id = models.UUIDField()
    type = models.TextField()
    stream = models.TextField()
    state = models.TextField(choices=[(state.value, state.value.lower()) for state in State])
    attempts = models.IntegerField()
    starts = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField()
    error = models.TextField()
    fingerprint = models.TextField()
    reason = models.TextField()
    parked_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_parkedevent"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.subscriber} {self.position} {self.state}"
