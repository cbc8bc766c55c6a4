"""SH14: a card is charged because of a fact. What older code has asked for is still charged, and nothing twice."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from events.models import ParkedEvent
from events.publishing.publish import publish
from events.publishing.safekeeping import keep, reference_of
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import drain, names, published, settle
from kernel.ids import new_id
from notifications.models import Message
from payments.models import PaymentIntent, SimulatedCharge
from pos.events import CardChargeRequested, Charge, ReceiptRequested
from pos.models import Order, Tender
from pos.orders import facts
from pos.orders.services.paying import add_tenders
from pos.orders.services.placing import place_order
from tenants.models import Tenant as Shop
from tests.support import make


@pytest.fixture(autouse=True)
def _catalogue(shop: Shop) -> None:
    make.variant()
    make.shift()


def asked_by_older_code(order: Order, tender: Tender) -> None:
    """Say what older code says after an order without tenders: that a card must be charged."""
    charge = Charge(
        tender_id=tender.id,
        tender_type="gateway",
        amount=tender.amount,
        card_reference=str(reference_of(f"tender:{tender.id}")),
    )
    publish(CardChargeRequested(order_id=order.id, currency="EUR", charge=charge))


def order_of_older_code(monkeypatch: pytest.MonkeyPatch) -> Order:
    """Place an order whose event names no tenders, and ask for its charge as older code does."""
    placed = facts.placed
    with monkeypatch.context() as patch:
        patch.setattr(facts, "placed", lambda *given: replace(placed(*given), tenders=None))
        order = make.order(make.card(1000))
    with unit_of_work():
        asked_by_older_code(order, order.tenders.get())
    return order


def charged() -> list[int]:
    return list(SimulatedCharge.objects.order_by("charged_at").values_list("amount", flat=True))


def test_sh14_a_card_is_charged_because_its_order_was_placed() -> None:
    order = make.order(make.card(1000))
    settle()

    order.refresh_from_db()
    assert (order.status, charged()) == ("COMPLETED", [1000])
    assert "pos.card_charge_requested" not in names()


def test_sh14_a_card_that_is_added_later_is_charged_because_it_was_added() -> None:
    order = make.order(make.cash(400))
    settle()

    add_tenders(order_id=order.id, register=make.register(), tenders=[make.card(600)], now=make.NOW)
    settle()

    order.refresh_from_db()
    (added,) = published("pos.tenders_added")
    assert (order.status, charged(), added.data["due"]) == ("COMPLETED", [600], 600)
    assert [tender["state"] for tender in added.data["tenders"]] == ["PENDING"]


@pytest.mark.parametrize("older_first", [True, False])
def test_sh14_side_by_side_each_order_of_old_and_new_code_is_charged_once(
    monkeypatch: pytest.MonkeyPatch, older_first: bool
) -> None:
    if older_first:
        order_of_older_code(monkeypatch)
    make.order(make.card(1000))
    if not older_first:
        order_of_older_code(monkeypatch)

    settle()
    settle()

    assert charged() == [1000, 1000]
    assert set(Order.objects.values_list("status", flat=True)) == {"COMPLETED"}
    assert not ParkedEvent.objects.exists()


@pytest.mark.parametrize("together", [True, False])
def test_sh14_a_tender_that_both_tell_of_is_charged_once(together: bool) -> None:  # noqa: FBT001
    order = make.order(make.card(1000))
    if not together:
        settle()
    with unit_of_work():
        keep({f"tender:{order.tenders.get().id}": "tok_approve"})
        asked_by_older_code(order, order.tenders.get())

    settle()

    assert charged() == [1000]
    assert PaymentIntent.objects.count() == 1
    assert not ParkedEvent.objects.exists()


def test_sh14_a_receipt_that_older_code_asks_for_is_mailed(mailoutbox: list[Any]) -> None:
    with unit_of_work():
        publish(ReceiptRequested(order_id=new_id(), receipt="R1-000009", recipient="ada@example.test", text="Paid\n"))

    settle()

    assert [(mail.subject, mail.to) for mail in mailoutbox] == [("Your receipt R1-000009", ["ada@example.test"])]


def test_sh14_the_receipt_s_mail_is_written_with_the_order_and_goes_with_it() -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work():
        place_order(
            id=new_id(), register=make.register(), device=None, lines=[make.asked()], tenders=[make.cash(1000)],
            occurred_at=make.NOW, now=make.NOW, fingerprint="", customer_email="ada@example.test",
        )  # fmt: skip
        assert Message.objects.exists()
        raise ZeroDivisionError
    assert not Message.objects.exists()

    make.order(make.cash(1000), email="ada@example.test")
    message = Message.objects.get()
    assert (message.recipient, message.kind, message.event_id) == (
        "ada@example.test", "RECEIPT", published("pos.order_completed")[-1].event_id,
    )  # fmt: skip
    assert "pos.receipt_requested" not in names()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_event WHERE data::text LIKE '%ada@%'")
        assert cursor.fetchone() == (0,)


def test_an_order_without_a_card_charges_nothing() -> None:
    make.order(make.cash(1000))

    drain("payments.charge_cards")

    assert not PaymentIntent.objects.exists()
