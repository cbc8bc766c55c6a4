"""What the event layer keeps, for all tenants in the shared schema.

The tables are written in SQL (`migrations/0002_tables.py`): partitions and row-level security are not Django's. A
session sees only the rows of the schema that its search_path names first; only a session in `public` sees all.
"""

from django.db import models

from events.parking import State


class Event(models.Model):
    """One event in the log. Its key in the database is (tenant_id, position)."""

    event_id = models.UUIDField(primary_key=True)
    tenant_id = models.TextField()
    position = models.BigIntegerField()
    type = models.TextField()
    version = models.IntegerField()
    category = models.TextField()
    stream = models.TextField()
    stream_version = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    actor = models.TextField()
    traceparent = models.TextField()
    data = models.JSONField()

    class Meta:
        managed = False
        db_table = "events_event"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.position} {self.type}"


class Subscription(models.Model):
    """How far a subscriber has come in a tenant's log. `start` is where it began."""

    tenant_id = models.TextField()
    subscriber = models.TextField()
    start = models.BigIntegerField()
    cursor = models.BigIntegerField()
    paused_at = models.DateTimeField(null=True)
    started_position = models.BigIntegerField(default=0)
    starts = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "events_subscription"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.subscriber}"


class ProcessedEvent(models.Model):
    """The proof that an event was applied by a subscriber. `recorded_at` is the event's, for the partitions."""

    pk = models.CompositePrimaryKey("tenant_id", "subscriber", "position")
    tenant_id = models.TextField()
    subscriber = models.TextField()
    position = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    processed_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "events_processedevent"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.subscriber} {self.position}"


class ParkedEvent(models.Model):
    """An event that failed for a subscriber, or that waits behind one that failed on its stream."""

    tenant_id = models.TextField()
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

    class Meta:
        managed = False
        db_table = "events_parkedevent"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.subscriber} {self.position} {self.state}"


class OperatorAction(models.Model):
    """Who paused, resumed, retried or discarded what, when and why."""

    tenant_id = models.TextField()
    subscriber = models.TextField()
    action = models.TextField()
    position = models.BigIntegerField(null=True)
    operator = models.TextField()
    reason = models.TextField()
    acted_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "events_operatoraction"

    def __str__(self) -> str:
        return f"{self.operator} {self.action} {self.subscriber}"


class IdempotencyRecord(models.Model):
    """The answer to a request that carried an Idempotency-Key, committed with the request's effect."""

    pk = models.CompositePrimaryKey("tenant_id", "scope", "key")
    tenant_id = models.TextField()
    scope = models.TextField()
    key = models.TextField()
    fingerprint = models.TextField()
    status = models.IntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "events_idempotencyrecord"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.scope} {self.key}"


class Outgoing(models.Model):
    """A call to the world outside: `key` is its idempotency key, the same at every attempt."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.TextField()
    kind = models.TextField()
    key = models.UUIDField()
    state = models.TextField()
    attempts = models.IntegerField()
    next_attempt_at = models.DateTimeField()
    error = models.TextField()
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    actor = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "events_outgoing"
        verbose_name = "outgoing call"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.kind} {self.key} {self.state}"
