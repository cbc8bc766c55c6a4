"""Secrets that events refer to."""

from django.db import models

from events.models.walled import Walled


class KeptSecret(Walled):
    """A secret that an event refers to, sealed with the deployment's key, until it is taken."""

    id = models.UUIDField(primary_key=True)
    sealed = models.TextField()
    kept_at = models.DateTimeField()

    class Meta(Walled.Meta):
        db_table = "events_keptsecret"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.id}"
