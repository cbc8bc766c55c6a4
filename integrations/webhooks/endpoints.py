"""What a tenant does with its endpoints."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import QuerySet

from events.contracts.pins import require_servable
from events.contracts.public_types import require_types
from events.events import WebhookEndpointPaused, WebhookEndpointResumed
from events.log.log import head
from events.operations import audit
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.demand import want
from integrations.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from integrations.webhooks.http import require_url
from integrations.webhooks.ringing import ring_after_commit
from integrations.webhooks.secrets import new_secret
from kernel import limits
from kernel.ids import new_id
from kernel.refusals import NotFound, Refusal
from kernel.sealing import sealed
from kernel.tenancy import current_tenant
from kernel.text import require_line

QUEUEING = "events.queue_webhooks"
OVERLAP = timedelta(hours=24)
MOST_ENDPOINTS = 50


class TooManyEndpoints(Refusal):
    code = "too-many-endpoints"
    title = "Too many endpoints"


def create_endpoint(
    *, url: str, now: datetime, types: Sequence[str] = (), pins: Mapping[str, int] | None = None, description: str = ""
) -> tuple[WebhookEndpoint, str]:
    """Tell a URL of what happens from now on; return the endpoint, and its secret, which cannot be shown again.

    :param types: names of integration events; none for all.
    :param pins: the older versions in which it wants some types.
    :raises UrlRefused: when events cannot be sent there.
    :raises TypesUnknown: when a type is no integration event, or there are too many.
    :raises TextRefused: when the description is too long, or holds a control character.
    :raises PinImpossible: when a version cannot be served.
    :raises TooManyEndpoints: when the tenant has fifty.
    """
    require_endpoint(url=url, types=types, description=description)
    require_servable(pins or {})
    with unit_of_work():
        if _living().count() >= MOST_ENDPOINTS:
            message = f"a shop has at most {MOST_ENDPOINTS} endpoints"
            raise TooManyEndpoints(message)
        endpoint = WebhookEndpoint(
            id=new_id(),
            tenant_id=current_tenant(),
            url=url,
            description=description,
            types=list(types),
            pins=dict(pins or {}),
            state=WebhookEndpoint.State.ACTIVE,
            pause_reason="",
            start=head(current_tenant()),
            failures=0,
            created_at=now,
            updated_at=now,
        )
        endpoint.save(force_insert=True)
        secret = _add_secret(endpoint, now)
        want(QUEUEING)
        _note("webhook endpoint made", endpoint)
    return endpoint, secret


def require_endpoint(*, url: str, types: Sequence[str] = (), description: str = "") -> None:
    """Refuse what an endpoint cannot be, wherever it is made. A refusal names its `field`.

    :raises UrlRefused: when events cannot be sent there.
    :raises TypesUnknown: when a type is no integration event, or there are too many.
    :raises TextRefused: when the description is too long, or holds a control character.
    """
    require_url(url)
    require_types(types)
    if description:
        require_line(description, limits.REASON, "the description", field="description")


def find_endpoint(*, endpoint_id: UUID) -> WebhookEndpoint:
    """:raises NotFound: when the tenant has no such endpoint."""
    endpoint = _living().filter(id=endpoint_id).first()
    if endpoint is None:
        message = f"this shop has no webhook endpoint {endpoint_id}"
        raise NotFound(message)
    return endpoint


def list_endpoints() -> list[WebhookEndpoint]:
    return list(_living().order_by("created_at"))


def rotate_secret(*, endpoint_id: UUID, now: datetime) -> str:
    """Make a new secret; the ones before stay valid for a day, and every request is signed with all of them."""
    with unit_of_work():
        endpoint = find_endpoint(endpoint_id=endpoint_id)
        WebhookSecret.objects.filter(endpoint=endpoint, expires_at=None).update(expires_at=now + OVERLAP)
        _note("webhook secret rotated", endpoint)
        return _add_secret(endpoint, now)


def origin_of(url: str) -> str:
    """Cut an address to its scheme and host: its path and query may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def pause_endpoint(*, endpoint_id: UUID, reason: str, now: datetime) -> None:
    """Send nothing more to an endpoint; what happens meanwhile waits for it."""
    with unit_of_work():
        endpoint = find_endpoint(endpoint_id=endpoint_id)
        if endpoint.state == WebhookEndpoint.State.PAUSED:
            return
        _living().filter(id=endpoint.id).update(state=WebhookEndpoint.State.PAUSED, pause_reason=reason, updated_at=now)
        _note("webhook endpoint paused", endpoint, reason)
        publish(WebhookEndpointPaused(endpoint_id=endpoint.id, url=origin_of(endpoint.url), reason=reason))


def resume_endpoint(*, endpoint_id: UUID, now: datetime) -> None:
    """Go on with a paused endpoint, where it stopped; what waits has its three days from now on."""
    with unit_of_work():
        endpoint = find_endpoint(endpoint_id=endpoint_id)
        if endpoint.state == WebhookEndpoint.State.ACTIVE:
            return
        _living().filter(id=endpoint.id).update(
            state=WebhookEndpoint.State.ACTIVE,
            pause_reason="",
            failing_since=None,
            failures=0,
            next_call_at=None,
            updated_at=now,
        )
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, state__in=["PENDING", "SENDING"])
        waiting.update(first_attempt_at=None, next_attempt_at=now)
        _note("webhook endpoint resumed", endpoint)
        publish(WebhookEndpointResumed(endpoint_id=endpoint.id, url=origin_of(endpoint.url)))
        ring_after_commit(endpoint.tenant_id, endpoint.id)


def delete_endpoint(*, endpoint_id: UUID, now: datetime) -> None:
    """Forget an endpoint: nothing more is queued or sent; what was sent stays in the delivery log."""
    with unit_of_work():
        endpoint = find_endpoint(endpoint_id=endpoint_id)
        _living().filter(id=endpoint.id).update(state=WebhookEndpoint.State.DELETED, updated_at=now)
        WebhookSecret.objects.filter(endpoint=endpoint).delete()
        _note("webhook endpoint deleted", endpoint)


def _note(action: str, endpoint: WebhookEndpoint, reason: str = "") -> None:
    audit.record(action=action, subject=f"webhook-endpoint:{endpoint.id}", detail=f"{endpoint.url} {reason}".strip())


def _living() -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(tenant_id=current_tenant()).exclude(state=WebhookEndpoint.State.DELETED)


def _add_secret(endpoint: WebhookEndpoint, now: datetime) -> str:
    secret = new_secret()
    WebhookSecret.objects.create(
        id=new_id(), tenant_id=endpoint.tenant_id, endpoint=endpoint, sealed=sealed(secret), created_at=now
    )
    return secret
