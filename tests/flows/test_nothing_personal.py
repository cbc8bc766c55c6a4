"""SH14: after a day of a shop, no log, archive, dead letter or key of the broker holds an address or a card's token."""

from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core.mail import EmailMessage

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import settle, try_again
from integrations.webhooks.endpoints import create_endpoint
from kernel.ids import new_id
from pos.events import ReceiptRequested
from tenants.events import TenantProvisioned
from tenants.models import Tenant
from tests.support import make
from tests.support.scanning import found

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
    make.void(declined, reason="no money")
    make.return_(order, make.returning(order))
    with monkeypatch.context() as away:
        away.setattr(EmailMessage, "send", refused)
        make.order(make.cash(1000), email="nobody@example.test")
        settle()
    try_again()


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.ARCHIVE_DIR = str(tmp_path)
    return tmp_path


def test_sh14_after_a_day_nothing_personal_is_in_log_archives_log_files_broker_and_dead_letters(
    committed: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    a_day(monkeypatch)

    assert list(found(capsys)) == []


@pytest.mark.parametrize("leak", LEAKS)
def test_sh14_what_leaks_is_found(
    committed: Tenant, capsys: pytest.CaptureFixture[str], folder: Path, leak: str
) -> None:
    with unit_of_work():
        publish(LEAKS[leak])

    assert {where.split(":")[0] for where in found(capsys)} == {"events_event", "archive"}
