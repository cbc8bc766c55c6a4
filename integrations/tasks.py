"""The Celery task that sends webhooks. Its name is older than this app, and permanent."""

from typing import Any
from uuid import UUID

from celery import shared_task

from events.tasks import RETRY_ON_INFRASTRUCTURE
from integrations.webhooks.sending import send_due
from kernel.tenancy import in_tenant, tenant_for_task  # noqa: TID251 - a task enters its tenant


@shared_task(name="events.send_webhooks", queue="webhooks", **RETRY_ON_INFRASTRUCTURE)
def send_webhooks(tenant: str, endpoint: str) -> dict[str, Any]:
    """Send what is due to an endpoint."""
    with in_tenant(tenant_for_task(tenant)):
        return {"tenant": tenant, "attempts": send_due(endpoint_id=UUID(endpoint))}
