"""What is kept of webhooks, for all tenants in the shared schema. The tables belong to the event layer's migrations."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from events.models import Walled


class WebhookEndpoint(Walled):
    """A URL of a tenant that gets its integration events. No `types` means all of them."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "Active"
        PAUSED = "PAUSED", "Paused: deliveries wait"
        DELETED = "DELETED", "Deleted"

    id = models.UUIDField(primary_key=True)
    url = models.TextField()
    description = models.TextField(blank=True)
    types = ArrayField(models.TextField())
    pins = models.JSONField()
    state = models.TextField(choices=State.choices)
    pause_reason = models.TextField()
    start = models.BigIntegerField()
    failing_since = models.DateTimeField(null=True)
    failures = models.IntegerField()
    next_call_at = models.DateTimeField(null=True)
    """Nobody calls it before: a worker is calling, or it has failed several times in a row."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_webhookendpoint"

    def __str__(self) -> str:
        return self.url


class WebhookSecret(Walled):
    """A signing secret, sealed with the deployment's key. After a rotation the one before stays valid for a while."""

    id = models.UUIDField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, models.DO_NOTHING, related_name="secrets")
    sealed = models.TextField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta(Walled.Meta):
        db_table = "events_webhooksecret"

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.created_at}"


class WebhookDelivery(Walled):
    """One event on its way to one endpoint. `replay` names the replay that asked for it, empty for the first time."""

    class State(models.TextChoices):
        PENDING = "PENDING", "Waits for its next attempt"
        SENDING = "SENDING", "Is being sent"
        DELIVERED = "DELIVERED", "Delivered"
        PARKED = "PARKED", "Given up after three days; its successors wait"
        SKIPPED = "SKIPPED", "Skipped by an operator"
        FAILED = "FAILED", "Failed: a test, which is not repeated"

    id = models.UUIDField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, models.DO_NOTHING, related_name="deliveries")
    replay = models.TextField()
    position = models.BigIntegerField()
    event_id = models.UUIDField()
    type = models.TextField()
    stream = models.TextField()
    state = models.TextField(choices=State.choices)
    attempts = models.IntegerField()
    next_attempt_at = models.DateTimeField()
    first_attempt_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_webhookdelivery"
        verbose_name_plural = "webhook deliveries"

    def __str__(self) -> str:
        return f"{self.type} {self.position} {self.state}"


class WebhookAttempt(Walled):
    """One attempt to deliver: recorded before the call, completed after it."""

    delivery = models.ForeignKey(WebhookDelivery, models.DO_NOTHING, related_name="tries")
    number = models.IntegerField()
    attempted_at = models.DateTimeField()
    status = models.IntegerField(null=True)
    milliseconds = models.IntegerField(null=True)
    error = models.TextField()
    response = models.TextField()

    class Meta(Walled.Meta):
        db_table = "events_webhookattempt"

    def __str__(self) -> str:
        return f"{self.number}: {self.status or self.error or 'no answer yet'}"
