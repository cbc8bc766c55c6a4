"""Fixtures that several rooms share: the conftest.py of a room names those that it uses."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from events.maintenance.sweeper import make_partitions
from events.outgoing import calls
from events.outgoing.calls import register_sender
from events.testing.work import settle
from integrations.models import WebhookEndpoint
from integrations.webhooks.endpoints import create_endpoint
from kernel.tenancy import in_public_schema, in_tenant
from staff.services import hire_owner, issue_api_key
from tenants.models import Tenant
from tests.support.ageing import OLD
from tests.support.hooking import NOW
from tests.support.receiving import Receiver, receiving
from tests.support.recording import Recorder
from tests.support.sending import FakeSender
from tests.support.terminal import Terminal
from web.scopes import EVENTS_OPERATE


@pytest.fixture
def recorder(shop: Tenant) -> Recorder:
    return Recorder()


@pytest.fixture
def operator(shop: Tenant) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name="ops", scopes=[EVENTS_OPERATE]))


@pytest.fixture
def owner(shop: Tenant) -> Client:
    client = Client(headers={"Host": "north.localhost"})
    client.force_login(hire_owner(username="ada", password="a long secret"))
    return client


@pytest.fixture
def sender() -> Iterator[FakeSender]:
    fake = FakeSender()
    register_sender(fake)
    yield fake
    calls._senders.pop(fake.kind)


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
    """A month long ago, made as production makes one, into which `age` moves what has happened."""
    make_partitions(start=datetime(2020, 1, 1, tzinfo=UTC), months_ahead=0)
    yield OLD
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("events_event", "events_processedevent"):
            cursor.execute(f"DROP TABLE IF EXISTS public.{table}_{OLD}")
        cursor.execute("DELETE FROM events_archive; DELETE FROM events_keptmonth")


@pytest.fixture
def this_month(committed: Tenant, archive: Path) -> Iterator[datetime]:
    """The first moment after this month. Everybody has handled what the log holds of it; afterwards it exists again."""
    for name in ("public", "south", "north"):
        with in_public_schema() if name == "public" else in_tenant(Tenant.objects.get(schema_name=name)):
            settle()
    now = datetime.now(UTC)
    yield datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    make_partitions()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_archive; DELETE FROM events_keptmonth")
        cursor.execute("DELETE FROM events_floor; DELETE FROM events_streamfloor; DELETE FROM events_account")
