"""Mail: through a real SMTP server, at least once, one message for each event and recipient."""

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core import mail

from demo.stack.broker import free_port
from events.models import Outgoing
from events.testing.work import names, published, settle, try_again
from inventory.models import StockItem
from notifications.channels import mail as mail_channel
from notifications.models import AlertRecipient, Message
from notifications.services import record_sent
from tenants.models import Tenant
from tests.support import make
from tests.support.make import moved, source


class Mailbox:
    def __init__(self) -> None:
        self.received: list[Any] = []
        self.answer = "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if not self.answer.startswith("250"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.received.append(envelope)
        return "250 taken"


@pytest.fixture
def smtp(settings: Any) -> Iterator[Mailbox]:
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield mailbox
    controller.stop()


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant()
    make.shift()


def test_a_receipt_is_mailed_through_smtp_and_said_to_be(smtp: Mailbox) -> None:
    make.order(make.cash(1000), email="ada@example.test")

    settle()

    (envelope,) = smtp.received
    assert envelope.rcpt_tos == ["ada@example.test"]
    text = envelope.content.decode()
    assert "Subject: Your receipt R1-000001" in text
    assert "10.00 EUR" in text
    message = Message.objects.get()
    assert f"Message-ID: <{message.id}@tillflow>" in text
    assert message.state == "SENT"
    (sent,) = published("notifications.receipt_sent")
    assert sent.data == {"message_id": str(message.id), "order_id": str(message.about)}


def test_that_a_receipt_was_mailed_is_said_once(smtp: Mailbox) -> None:
    make.order(make.cash(1000), email="ada@example.test")
    settle()

    record_sent(message_id=Message.objects.get().id, now=make.NOW)

    assert len(published("notifications.receipt_sent")) == 1


def test_an_order_without_an_address_mails_nothing() -> None:
    make.order(make.cash(1000))

    settle()

    assert Message.objects.count() == 0


def test_a_mail_server_that_is_away_is_tried_again(smtp: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(smtplib.SMTP, "connect", lambda *_a, **_o: (_ for _ in ()).throw(ConnectionRefusedError("away")))
        make.order(make.cash(1000), email="ada@example.test")
        settle()
    message = Message.objects.get()
    assert (message.state, message.failure) == ("QUEUED", "away")

    try_again()

    message.refresh_from_db()
    assert message.state == "SENT"
    assert len(smtp.received) == 1


def test_a_refused_recipient_is_final(smtp: Mailbox) -> None:
    smtp.answer = "550 nobody here"
    make.order(make.cash(1000), email="nobody@example.test")

    settle()

    assert Message.objects.get().state == "FAILED"
    assert Outgoing.objects.get(kind="notifications.mail").state == "FAILED"
    assert "550" in Message.objects.get().failure
    assert "nobody@" not in Message.objects.get().failure + Outgoing.objects.get(kind="notifications.mail").error
    assert "notifications.receipt_sent" not in names()


def test_low_and_empty_stock_is_mailed_to_every_recipient_of_alerts() -> None:
    AlertRecipient.objects.create(email="second@north.test")
    settle()
    variant = make.Variant.objects.get()
    from inventory.services import adjust_stock, receive_goods

    receive_goods(source=source(), moved=[moved(variant, "5")])
    StockItem.objects.update(reorder_point=2)
    adjust_stock(source=source("adjustment"), moved=[moved(variant, "-3")])
    adjust_stock(source=source("adjustment"), moved=[moved(variant, "-2")])

    settle()

    subjects = sorted((message.subject, message.to[0]) for message in mail.outbox)
    assert subjects == [
        ("Out of stock: MUG The MUG", "owner@north.test"),
        ("Out of stock: MUG The MUG", "second@north.test"),
        ("Running low: MUG The MUG", "owner@north.test"),
        ("Running low: MUG The MUG", "second@north.test"),
    ]
    assert names().count("notifications.alert_sent") == 4


def test_the_channel_hands_over_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    message = Message(recipient="a@b.test", subject="Hello\nWorld", body="There")

    mail_channel.send_mail(message)

    assert mail.outbox[0].subject == "Hello World"

    assert mail.outbox[0].body == "There"


def test_w19_a_paused_subscriber_is_told_to_the_shops_mailboxes(shop: Tenant) -> None:
    from events.operations.pausing import pause_subscription, resume_subscription

    name = "inventory.take_sold_goods_from_stock"

    for _ in range(2):
        pause_subscription(subscriber=name, operator="user:ada", reason="stocktaking")
    resume_subscription(subscriber=name, operator="user:ada")
    settle()

    message = Message.objects.get(kind="OPERATION")
    assert (message.recipient, message.subject) == ("owner@north.test", f"Paused: {name}")
    assert "user:ada has paused" in message.body
    assert "stocktaking" in message.body


def test_w19_a_pause_without_a_reason_pauses_nothing(shop: Tenant) -> None:
    import pytest

    from events.models import Subscription
    from events.operations.actions import ReasonMissing
    from events.operations.pausing import pause_subscription

    with pytest.raises(ReasonMissing, match="why this subscriber may be paused"):
        pause_subscription(subscriber="inventory.take_sold_goods_from_stock", operator="user:ada", reason=" ")

    assert not Subscription.objects.exclude(paused_at=None).exists()
