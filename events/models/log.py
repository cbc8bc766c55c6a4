"""The log, and the months that left it."""

from django.db import models

from events.models.walled import Walled


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
