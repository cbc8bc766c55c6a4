"""The delivery log: what was sent to whom, and what an operator does with it."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from events.events import TRIAL
from events.log.log import head, read_at
from events.publishing.unit_of_work import unit_of_work
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks.endpoints import find_endpoint
from integrations.webhooks.ringing import ring_after_commit
from integrations.webhooks.turns import end_turn
from kernel.ids import new_id
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import current_tenant


class NotSkippable(Refusal):
    code = "not-skippable"
    title = "Delivery already arrived"


def deliveries_of(endpoint_id: UUID | None = None) -> QuerySet[WebhookDelivery]:
    """List the tenant's deliveries with their attempts, the newest first."""
    found = WebhookDelivery.objects.filter(tenant_id=current_tenant()).prefetch_related("tries")
    found = found.order_by("-created_at", "-position")
    return found.filter(endpoint_id=endpoint_id) if endpoint_id else found


def redeliver(*, delivery_id: UUID, now: datetime) -> None:
    """Send a delivery again, whatever its outcome was; a parked one gets three more days. The endpoint no longer rests.

    :raises NotFound: when the tenant has no such delivery, or its endpoint was deleted.
    :raises EventArchived: when its event was dropped from the log.
    """
    with unit_of_work():
        delivery = _locked(delivery_id)
        find_endpoint(endpoint_id=delivery.endpoint_id)
        if delivery.type != TRIAL:
            read_at(delivery.tenant_id, delivery.position)
        delivery.state, delivery.first_attempt_at, delivery.next_attempt_at = delivery.State.PENDING, None, now
        delivery.save(update_fields=["state", "first_attempt_at", "next_attempt_at"])
        end_turn(delivery.endpoint_id, now)
        ring_after_commit(delivery.tenant_id, delivery.endpoint_id)


def skip(*, delivery_id: UUID) -> None:
    """Give a delivery up, so that the next ones of its stream go on.

    :raises NotFound: when the tenant has no such delivery.
    :raises NotSkippable: when it has arrived.
    """
    with unit_of_work():
        delivery = _locked(delivery_id)
        if delivery.state == delivery.State.DELIVERED:
            message = f"delivery {delivery.id} has arrived"
            raise NotSkippable(message)
        delivery.state = delivery.State.SKIPPED
        delivery.save(update_fields=["state"])
        ring_after_commit(delivery.tenant_id, delivery.endpoint_id)


def queue_test(*, endpoint_id: UUID, now: datetime) -> WebhookDelivery:
    """Queue a signed event of the type `events.webhook_tested`; its delivery tells what was answered.

    It is sent once, also to an endpoint that rests or is paused. A test that waits already is the one that is returned.

    :raises NotFound: when the tenant has no such endpoint.
    """
    with unit_of_work():
        endpoint = find_endpoint(endpoint_id=endpoint_id)
        WebhookEndpoint.objects.select_for_update(no_key=True).get(id=endpoint.id)
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, type=TRIAL, state__in=["PENDING", "SENDING"])
        found = waiting.first()
        if found is None:
            test_id = new_id()
            found = WebhookDelivery.objects.create(
                id=new_id(),
                tenant_id=endpoint.tenant_id,
                endpoint=endpoint,
                replay=f"test {test_id}",
                position=head(endpoint.tenant_id),
                event_id=test_id,
                type=TRIAL,
                stream=f"test:{test_id}",
                state=WebhookDelivery.State.PENDING,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
            )
        ring_after_commit(endpoint.tenant_id, endpoint.id)
    return found


def _locked(delivery_id: UUID) -> WebhookDelivery:
    found = WebhookDelivery.objects.filter(tenant_id=current_tenant(), id=delivery_id)
    delivery = found.select_for_update(no_key=True).first()
    if delivery is None:
        message = f"this shop has no delivery {delivery_id}"
        raise NotFound(message)
    return delivery
