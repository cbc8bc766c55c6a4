"""Asking a worker to send what waits for an endpoint: a hint, like every doorbell."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from events.subscriptions.doorbells import doorbells

TASK = "events.send_webhooks"
QUEUE = "webhooks"


def ring(tenant_id: str, endpoint_id: UUID, *, countdown: float = 0.0) -> bool:
    return doorbells.send(TASK, {"tenant": tenant_id, "endpoint": str(endpoint_id)}, queue=QUEUE, countdown=countdown)


def ring_after_commit(tenant_id: str, endpoint_id: UUID) -> None:
    transaction.on_commit(_Bell(tenant_id, endpoint_id).ring, robust=True)


@dataclass(frozen=True)
class _Bell:
    tenant_id: str
    endpoint_id: UUID

    def ring(self) -> None:
        ring(self.tenant_id, self.endpoint_id)
