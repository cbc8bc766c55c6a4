"""SH14: after a day of a shop, no log, archive, dead letter or key of the broker holds an address or a card's token."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core.mail import EmailMessage
from django.db import connection

from events.log.archives import write_archive
from events.log.months import EVENTS, Month
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import settle, try_again
from integrations.webhooks.endpoints import create_endpoint
from kernel.ids import new_id
from kernel.tenancy import in_public_schema
from pos.events import ReceiptRequested
from pos.orders.services.voiding import void_order
from tenants.events import TenantProvisioned
from tenants.models import Tenant
from tests.support import make

PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|tok_\w+")
LEAKS = {
    "an address in an event": ReceiptRequested(
        order_id=new_id(), receipt="R1-1", recipient="ada@example.test", text="Paid"
    ),
    "an address in another event": TenantProvisioned(
        tenant_uuid=new_id(), tenant_name="north", name="North", currency="EUR", timezone="UTC", owner_email="a@b.test"
    ),
}


def refused(mail: Any, **_: Any) -> None:
    raise SMTPRecipientsRefused({mail.to[0]: (550, f"<{mail.to[0]}> is unknown".encode())})


def a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sell for cash and by card, mail receipts that arrive and that are refused, decline, void and return."""
    make.variant()
    make.shift()
    create_endpoint(url="https://hooks.example.com/a", now=make.NOW)
    order = make.order(make.cash(1000), email="ada@example.test")
    make.order(make.card(1000), email="bob@example.test")
    declined = make.order(make.card(1000, "tok_decline"), email="eve@example.test")
    settle()
    void_order(order_id=declined.id, reason="no money")
    make.return_(order, make.returning(order))
    with monkeypatch.context() as away:
        away.setattr(EmailMessage, "send", refused)
        make.order(make.cash(1000), email="nobody@example.test")
        settle()
    try_again()


def found(capsys: pytest.CaptureFixture[str], folder: Path) -> Iterator[str]:
    """Name what is personal, and where."""
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("events_event", "events_parkedevent", "events_outgoing", "events_operatoraction"):
            cursor.execute(f"SELECT row::text FROM {table} AS row")
            yield from (f"{table}: {each}" for (row,) in cursor.fetchall() for each in PERSONAL.findall(row))
        for month in _months(cursor):
            archive = write_archive(EVENTS, month)
            text = gzip.decompress(archive.path.read_bytes()).decode()
            yield from (f"archive: {each}" for each in PERSONAL.findall(text))
    logged = capsys.readouterr()
    yield from (f"log file: {each}" for each in PERSONAL.findall(logged.out + logged.err))
    yield from (f"broker: {each}" for each in _in_broker())


def _months(cursor: Any) -> list[Month]:
    cursor.execute(
        "SELECT DISTINCT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY_MM'), date_trunc('month', recorded_at, 'UTC'),"
        " date_trunc('month', recorded_at, 'UTC') + interval '1 month' FROM events_event"
    )
    return [Month(suffix=name, starts_at=begin, ends_at=end) for name, begin, end in cursor.fetchall()]


def _in_broker() -> Iterator[str]:
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    for key in client.scan_iter():
        kind = client.type(key)
        value = client.lrange(key, 0, -1) if kind == b"list" else client.dump(key)
        yield from PERSONAL.findall(f"{key!r} {value!r}")


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.ARCHIVE_DIR = str(tmp_path)
    return tmp_path


def test_sh14_after_a_day_nothing_personal_is_in_log_archives_log_files_broker_and_dead_letters(
    committed: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    a_day(monkeypatch)

    assert list(found(capsys, folder)) == []


@pytest.mark.parametrize("leak", LEAKS)
def test_sh14_what_leaks_is_found(
    committed: Tenant, capsys: pytest.CaptureFixture[str], folder: Path, leak: str
) -> None:
    with unit_of_work():
        publish(LEAKS[leak])

    assert {where.split(":")[0] for where in found(capsys, folder)} == {"events_event", "archive"}
