"""Versions that consumers are pinned to."""

from django.db import models

from events.models.walled import Walled


class VersionPin(Walled):
    """The older version in which a tenant's outward consumers are served a type of event."""

    type = models.TextField()
    version = models.IntegerField()

    class Meta(Walled.Meta):
        db_table = "events_versionpin"

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.type} {self.version}"
