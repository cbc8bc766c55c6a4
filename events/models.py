"""What the event layer keeps, for all tenants in the shared schema.

The tables are written in SQL (`migrations/0002_tables.py`): partitions and row-level security are not Django's. A
session sees only the rows of the schema that its search_path names first; only a session in `public` sees all.
"""

from django.db import models

from events.subscriptions.parking import State
from kernel.walls import WalledManager


class Walled(models.Model):
    """A row of a table that tenants share: whoever reads, saves or follows it names the tenant."""

    tenant_id = models.TextField()

    objects = WalledManager()

    class Meta:
        abstract = True
        managed = False
        base_manager_name = "objects"


class Event(Walled):
    """One event in the log. Its key in the database is (tenant_id, position)."""

    event_id = models.UUIDField(primary_key=True)
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
    audience = models.TextField(null=True)  # noqa: DJ001 - no audience is everybody, not a subscriber without a name
    data = models.JSONField()

    class Meta(Walled.Meta):
        db_table = "events_event"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.position} {self.type}"


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
    """An event that failed for a subscriber, or that waits behind one that failed on its stream."""

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


class OperatorAction(Walled):
    """Who paused, resumed, retried or discarded what, when and why."""

    subscriber = models.TextField()
    action = models.TextField()
    position = models.BigIntegerField(null=True)
    operator = models.TextField()
    reason = models.TextField()
    acted_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_operatoraction"

    def __str__(self) -> str:
        return f"{self.operator} {self.action} {self.subscriber}"


class AuditEntry(Walled):
    """Who did what to whom, when and from where; what operators did with events is in `OperatorAction`."""

    acted_at = models.DateTimeField()
    actor = models.TextField()
    action = models.TextField()
    subject = models.TextField()
    detail = models.TextField()
    address = models.TextField()
    correlation_id = models.UUIDField()

    class Meta(Walled.Meta):
        db_table = "events_auditentry"
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"


class IdempotencyRecord(Walled):
    """The answer to a request that carried an Idempotency-Key, committed with the request's effect."""

    pk = models.CompositePrimaryKey("tenant_id", "scope", "key")
    scope = models.TextField()
    key = models.TextField()
    fingerprint = models.TextField()
    status = models.IntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_idempotencyrecord"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.scope} {self.key}"


class Outgoing(Walled):
    """A call to the world outside: `key` is its idempotency key, the same at every attempt.

    `forgiven` are the attempts that no longer count against it, because an operator had it made again.
    """

    id = models.UUIDField(primary_key=True)
    kind = models.TextField()
    key = models.UUIDField()
    state = models.TextField()
    attempts = models.IntegerField()
    forgiven = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    error = models.TextField()
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    actor = models.TextField()
    created_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_outgoing"
        verbose_name = "outgoing call"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.kind} {self.key} {self.state}"

    @property
    def attempts_that_count(self) -> int:
        """How many attempts were made since it was last made again by an operator."""
        return self.attempts - self.forgiven


class VersionPin(Walled):
    """The older version in which a tenant's outward consumers are served a type of event."""

    type = models.TextField()
    version = models.IntegerField()

    class Meta(Walled.Meta):
        db_table = "events_versionpin"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.type} {self.version}"


class KeptSecret(Walled):
    """A secret that an event refers to, sealed with the deployment's key, until it is taken."""

    id = models.UUIDField(primary_key=True)
    sealed = models.TextField()
    kept_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_keptsecret"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.id}"


class Archive(models.Model):
    """What a month held of a table, as a file; `dropped_at` is when its partition went."""

    partition = models.TextField()
    path = models.TextField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    sha256 = models.TextField()
    archived_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "events_archive"
        verbose_name = "archived month"

    def __str__(self) -> str:
        return self.partition
