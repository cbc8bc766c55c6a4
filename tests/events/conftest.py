"""What the tests of the event layer share."""

from collections.abc import Iterator
from typing import Any

import pytest

from events.models import WebhookEndpoint
from events.webhooks.endpoints import create_endpoint
from tenants.models import Tenant
from tests.events.hooking import NOW
from tests.events.receiving import Receiver, receiving
from tests.events.recording import Recorder


@pytest.fixture
def recorder(shop: Tenant) -> Recorder:
    return Recorder()


@pytest.fixture
def receiver(shop: Tenant, settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_MAY_BE_LOCAL = True
    with receiving() as started:
        yield started


@pytest.fixture
def endpoint(receiver: Receiver) -> WebhookEndpoint:
    return create_endpoint(url=receiver.url, now=NOW)[0]
