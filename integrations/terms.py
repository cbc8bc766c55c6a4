"""The terms on which a tenant's consumers are served: the versions that they are pinned to, and the log's epochs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.db import connection  # noqa: TID251 - what an endpoint hears

from events.log.epochs import EPOCHS, Epochs
from kernel.tenancy import current_tenant


@dataclass(frozen=True, kw_only=True)
class Terms:
    pins: Mapping[str, int] = field(default_factory=dict)
    epochs: Epochs = field(default_factory=Epochs)

    def pinned(self, pins: Mapping[str, int]) -> "Terms":
        """Let one consumer's own pins go before those of its tenant."""
        return replace(self, pins={**self.pins, **pins})


_TERMS = f"""
SELECT (SELECT json_object_agg(type, version)::text FROM events_versionpin WHERE tenant_id = %(tenant)s), {EPOCHS}
"""


def terms_of_tenant() -> Terms:
    """Read the terms of the current tenant, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_TERMS, {"tenant": current_tenant()})
        pins, epochs = cursor.fetchone()
    return Terms(pins=json.loads(pins or "{}"), epochs=Epochs.read(epochs))
