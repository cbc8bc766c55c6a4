"""What the tests of the event layer share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from events.models import WebhookEndpoint
from events.webhooks.endpoints import create_endpoint
from kernel.tenancy import in_public_schema
from tenants.models import Tenant
from tests.events.ageing import OLD
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


@pytest.fixture
def archive(tmp_path: Path, settings: Any) -> Path:
    settings.ARCHIVE_DIR = str(tmp_path)
    return tmp_path


@pytest.fixture
def old_month(committed: Tenant, archive: Path) -> Iterator[str]:
    """A month long ago, into which `age` moves what has happened."""
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("events_event", "events_processedevent"):
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS public.{table}_{OLD} PARTITION OF public.{table}"
                " FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00')"
            )
    yield OLD
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("events_event", "events_processedevent"):
            cursor.execute(f"DROP TABLE IF EXISTS public.{table}_{OLD}")
        cursor.execute("DELETE FROM events_archive")
