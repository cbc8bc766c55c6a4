"""An endpoint with a real receiver behind it, and events for it to be told of."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import drain
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks.endpoints import QUEUEING
from kernel.ids import new_id
from payments.events import PaymentFailed

NOW = datetime.now(UTC)


A, B = UUID(int=1), UUID(int=2)


def fail(*tenders: UUID) -> None:
    """Say that cards were declined; the tender is the stream."""
    with unit_of_work():
        for tender_id in tenders:
            publish(failure(tender_id))
    drain(QUEUEING)


def failure(tender_id: UUID) -> PaymentFailed:
    return PaymentFailed(
        order_id=new_id(),
        tender_id=tender_id,
        tender_type="gateway",
        amount=5,
        currency="EUR",
        outcome="DECLINED",
        reason="no",
        location_id=None,
        register_id=None,
        shift_id=None,
        staff_id=None,
    )


def states(endpoint: WebhookEndpoint) -> list[tuple[int, str]]:
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("replay", "position")
    return list(rows.values_list("position", "state"))


def later(**since: float) -> datetime:
    return datetime.now(UTC) + timedelta(**since)
