"""What the tests of an upgraded installation do with it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from django.core.management import call_command
from django.utils import timezone

from events.models import Outgoing, ParkedEvent
from events.outgoing.calls import send
from events.subscriptions.registry import all_subscribers
from events.testing.work import drain, settle
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks import sending
from integrations.webhooks.http import Answer
from kernel.tenancy import in_public_schema, in_tenant
from tenants.models import Tenant


def work() -> None:
    """Do all work of all shops that accept it, as if the time had come for everything that waits for a moment."""
    tenants = [tenant for tenant in Tenant.objects.order_by("schema_name") if tenant.status == Tenant.Status.ACTIVE]
    for tenant in tenants:
        with in_tenant(tenant):
            now = timezone.now()
            due = Outgoing.objects.filter(tenant_id=tenant.schema_name, state__in=["PENDING", "SENDING"])
            due.update(next_attempt_at=now)
            ParkedEvent.objects.filter(tenant_id=tenant.schema_name, state="RETRYING").update(next_attempt_at=now)
            settle()
            for row in due:
                send(row.id)
            settle_to_the_end()
            deliver(tenant)


def settle_to_the_end() -> None:
    """Let each subscription pass what it does not hear as well, so that its cursor is at the end of the log."""
    settle()
    for subscriber in all_subscribers(platform=False):
        drain(subscriber.name)


def deliver(tenant: Tenant) -> None:
    now = timezone.now()
    waiting = WebhookDelivery.objects.filter(tenant_id=tenant.schema_name, state__in=["PENDING", "SENDING"])
    for endpoint in WebhookEndpoint.objects.filter(tenant_id=tenant.schema_name, state="ACTIVE"):
        with unreachable():
            waiting.filter(endpoint=endpoint).update(next_attempt_at=now)
            WebhookEndpoint.objects.filter(id=endpoint.id).update(next_call_at=None)
            sending.send_due(endpoint_id=endpoint.id)


@contextmanager
def unreachable() -> Iterator[None]:
    """Call no endpoint, unless the test answers for it."""
    real = sending.post_signed
    if real.__module__ == sending.__name__:
        sending.post_signed = lambda *_: Answer.unsent("nobody answers in tests")
    try:
        yield
    finally:
        sending.post_signed = real


def verified() -> str:
    out = StringIO()
    try:
        call_command("verify", stdout=out)
    except SystemExit:
        return out.getvalue()
    return out.getvalue()


def shop(name: str) -> Tenant:
    with in_public_schema():
        return Tenant.objects.get(schema_name=name)


def parked(name: str) -> Counter[str]:
    with in_public_schema():
        return Counter(ParkedEvent.objects.filter(tenant_id=name).values_list("state", flat=True))
