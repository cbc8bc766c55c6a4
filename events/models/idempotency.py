"""Answers to requests that carried a key."""

from django.db import models

from events.models.walled import Walled


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
