"""Calls to the world outside."""

from django.db import models

from events.models.walled import Walled


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
