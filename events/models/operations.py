"""What operators and staff did."""

from django.db import models

from events.models.walled import Walled


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
