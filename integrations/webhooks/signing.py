"""Signing: a body is sent with the signatures of every secret that is valid, as Standard Webhooks has it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from django.utils import timezone
from standardwebhooks import Webhook

from integrations.cloudevents import CONTENT_TYPE
from integrations.models import WebhookEndpoint, WebhookSecret
from integrations.webhooks.http import Answer, post
from kernel.sealing import SecretUnreadable, unsealed


def post_signed(endpoint: WebhookEndpoint, message_id: str, body: bytes) -> Answer:
    """Send a body with the signatures of every secret that is valid, so that a rotation breaks nobody."""
    now = timezone.now()
    signatures = [Webhook(secret).sign(message_id, now, body.decode()) for secret in _secrets(endpoint, now)]
    if not signatures:
        return Answer.unsent("no signing secret of this endpoint can be read: rotate it")
    headers = {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return post(endpoint.url, body, headers)


def _secrets(endpoint: WebhookEndpoint, now: datetime) -> Iterator[str]:
    valid = WebhookSecret.objects.filter(endpoint=endpoint).exclude(expires_at__lte=now)
    for stored in valid.order_by("-created_at"):
        with suppress(SecretUnreadable):
            yield unsealed(stored.sealed)
