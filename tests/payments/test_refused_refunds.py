"""A refund that the gateway refuses is told of, owed, and paid in another way (SH10)."""

from typing import Any

import pytest

from events.testing.work import names, published, settle
from kernel.ids import new_id
from kernel.refusals import NotFound
from notifications.models import Message
from payments.gateways.gateway import Answer
from payments.gateways.simulator import SimulatedGateway
from payments.models import Payment, PaymentRefund
from pos.cash.services import ShiftNotOpen
from pos.models import Location, Order, Refund, Register, Shift, Tender
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput
from pos.orders.services.refusals import CurrencyMismatch
from pos.refunds.services import NothingOwed, Outcome, note_outcome, replace_refund
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.people import owner
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from tests.support.verifying import require_sound
from web.scopes import EVENTS_READ


@pytest.fixture(autouse=True)
def _catalogue(shop: Tenant) -> None:
    make.variant("MUG", 500)
    make.shift()


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A gateway that gives nothing back, until it is undone."""

    def refuse(_gateway: SimulatedGateway, **_asked: Any) -> Answer:
        return Answer(approved=False, reference="", reason="card expired")

    monkeypatch.setattr(SimulatedGateway, "refund", refuse)
    return monkeypatch


def two_mugs(*tenders: make.TenderInput) -> Order:
    order = make.order(*(tenders or [make.card(1000)]), lines=[make.asked("MUG", "2")])
    settle()
    order.refresh_from_db()
    assert order.status == "COMPLETED"
    return order


def refused_refund(quantity: str = "2") -> Refund:
    order = two_mugs()
    make.return_(order, make.returning(order, quantity))
    settle()
    return Refund.objects.get()


def replaced(refund: Refund, **more: Any) -> Refund:
    return replace_refund(refund_id=refund.id, register=make.register(), now=make.NOW, **{"type": "cash", **more})


def test_sh10_a_refused_refund_is_an_event_a_message_and_a_debt(refusing: pytest.MonkeyPatch) -> None:
    refund = refused_refund()

    assert (refund.state, refund.failure) == ("FAILED", "card expired")
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 0
    (event,) = published("payments.refund_failed")
    assert (event.data["refund_id"], event.data["amount"], event.data["reason"]) == (
        str(refund.id), 1000, "card expired",
    )  # fmt: skip
    assert "payments.payment_refunded" not in names()
    (message,) = Message.objects.filter(kind="REFUND")
    assert "10.00" in message.subject
    assert "card expired" in message.body
    require_sound()


def test_sh10_refunded_follows_the_outcome(api: Terminal) -> None:
    order = two_mugs()
    returned = make.return_(order, make.returning(order))
    assert Refund.objects.get().state == "PENDING"
    assert Tender.objects.get().refunded == 500

    settle()

    assert Refund.objects.get().state == "COMPLETED"
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 500
    shown = api.get(f"/returns/{returned.id}").json()
    assert [each["state"] for each in shown["refunds"]] == ["COMPLETED"]
    assert shown["owed"]["amount"] == 0


def test_sh10_the_debt_is_shown_and_paid_in_cash_over_the_api(api: Terminal, refusing: pytest.MonkeyPatch) -> None:
    refund = refused_refund()

    (debt,) = api.get("/refunds", owed="true").json()["results"]
    assert (debt["id"], debt["owed"]["amount"], debt["failure"]) == (str(refund.id), 1000, "card expired")
    assert debt["receipt"] == "R1-R000001"
    assert api.get(f"/returns/{refund.parent_id}").json()["owed"]["amount"] == 1000
    assert "card expired" in owner().get("/admin/pos/refund/", {"owed": "yes"}).content.decode()

    part = api.post(f"/refunds/{refund.id}/replacements", {"type": "cash", "amount": {"amount": 400}})
    assert (part.status_code, part.json()["owed"]["amount"]) == (201, 600)
    rest = api.post(f"/refunds/{refund.id}/replacements", {"type": "card", "reference": "BACK1"})
    assert (rest.status_code, rest.json()["owed"]["amount"]) == (201, 0)
    again = api.post(f"/refunds/{refund.id}/replacements", {"type": "cash"})
    assert (again.status_code, again.json()["code"]) == (409, "nothing-owed")
    settle()

    assert api.get("/refunds", owed="true").json()["results"] == []
    assert len(api.get("/refunds", return_id=str(refund.parent_id)).json()["results"]) == 3
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 1000
    booked = PaymentRefund.objects.exclude(state="FAILED").order_by("amount")
    assert [(each.tender_type, each.amount, each.state, each.reference) for each in booked] == [
        ("cash", 400, "COMPLETED", ""),
        ("card", 600, "COMPLETED", "BACK1"),
    ]
    (first, _) = published("pos.refund_replaced")
    assert (first.data["refused_id"], first.data["refunds"][0]["kind"]) == (str(refund.id), "CASH")
    paid = published("payments.payment_refunded")
    assert [(each.data["kind"], each.data["amount"], each.data["charged_here"]) for each in paid] == [
        ("CASH", 400, False),
        ("CARD", 600, False),
    ]
    require_sound()


def test_sh10_the_card_is_tried_again_and_may_refuse_again(refusing: pytest.MonkeyPatch) -> None:
    refund = refused_refund()

    replaced(refund, type="gateway")
    settle()
    assert Tender.objects.get().refunded == 0
    assert published("payments.refund_failed")[1].data["refund_id"] != str(refund.id)
    refusing.undo()
    replaced(refund, type="gateway")
    settle()

    assert sorted(Refund.objects.values_list("state", flat=True)) == ["COMPLETED", "FAILED", "FAILED"]
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 1000
    with nothing_happened(), pytest.raises(NothingOwed):
        replaced(refund)
    require_sound()


def test_sh10_a_refund_that_fails_after_the_next_return_was_made_is_paid_from_what_that_left(
    refusing: pytest.MonkeyPatch,
) -> None:
    order = two_mugs(make.card(600), make.cash(400))
    make.return_(order, make.returning(order), refunds=[RefundInput(type="gateway")])
    settle()
    refused = Refund.objects.get()
    refusing.undo()
    make.return_(order, make.returning(order))
    settle()
    assert dict(Tender.objects.values_list("type__code", "refunded")) == {"gateway": 500, "cash": 0}

    replaced(refused)
    settle()

    assert dict(Tender.objects.values_list("type__code", "refunded")) == {"gateway": 600, "cash": 400}
    assert sorted(refused.replacements.values_list("tender__type__code", "type__code", "amount")) == [
        ("cash", "cash", 400),
        ("gateway", "cash", 100),
    ]
    require_sound()


def test_sh10_a_refund_that_is_refused_while_the_next_return_waits_leaves_both_right(
    refusing: pytest.MonkeyPatch,
) -> None:
    order = two_mugs()
    make.return_(order, make.returning(order))
    make.return_(order, make.returning(order))
    settle()

    assert Tender.objects.get().refunded == 0
    for refund in Refund.objects.filter(instead_of=None):
        replaced(refund)
    settle()
    assert Tender.objects.get().refunded == Payment.objects.get().refunded == 1000
    require_sound()


def test_sh10_what_is_not_owed_or_cannot_be_paid_like_that_is_refused(refusing: pytest.MonkeyPatch) -> None:
    refund = refused_refund("1")
    replaced(refund, amount=200)

    with nothing_happened(), pytest.raises(RefundExceedsPaid):
        replaced(refund, amount=301)
    for type_ in ("pebbles", "gateway2"):
        with nothing_happened(), pytest.raises(NotRefundable):
            replaced(refund, type=type_)
    with nothing_happened(), pytest.raises(NothingOwed):
        replaced(refund.replacements.get())
    with nothing_happened(), pytest.raises(NotFound):
        replace_refund(refund_id=new_id(), register=make.register(), type="cash", now=make.NOW)
    abroad = Location.objects.create(code="US", name="Abroad", currency="USD")
    register = Register.objects.create(location=abroad, code="U1", name="Till")
    with nothing_happened(), pytest.raises(CurrencyMismatch):
        replace_refund(refund_id=refund.id, register=register, type="cash", now=make.NOW)
    Shift.objects.update(state="CLOSED")
    with nothing_happened(), pytest.raises(ShiftNotOpen):
        replaced(refund)


def test_a_refund_that_a_till_paid_out_without_an_order_owes_nothing(api: Terminal) -> None:
    line = {"sku": "MUG", "quantity": "1", "unit_price": {"amount": 5}}
    made = api.post("/returns", {"id": str(new_id()), "occurred_at": "2026-11-23T12:00:00Z", "lines": [line]}).json()

    (refund,) = made["refunds"]
    refused = api.post(f"/refunds/{refund['id']}/replacements", {"type": "cash"})

    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-owed")
    assert api.get(f"/refunds/{refund['id']}").json()["order_id"] is None


def test_an_outcome_that_is_heard_twice_or_names_nothing_changes_nothing(refusing: pytest.MonkeyPatch) -> None:
    refund = refused_refund()

    with nothing_happened():
        for outcome in (
            Outcome(refund_id=refund.id, return_id=refund.parent_id, order_id=None, tender_id=refund.tender_id, amount=1000),
            Outcome(refund_id=new_id(), return_id=new_id(), order_id=None, tender_id=new_id(), amount=1),
            Outcome(
                refund_id=new_id(), return_id=None, order_id=refund.tender.order_id if refund.tender else None,
                tender_id=new_id(), amount=1,
            ),
        ):  # fmt: skip
            note_outcome(outcome, now=make.NOW)


def test_sh10_the_refusal_and_its_replacement_are_in_the_feed(shop: Tenant, refusing: pytest.MonkeyPatch) -> None:
    refund = refused_refund()
    reader = Terminal("north.localhost", issue_api_key(name="books", scopes=[EVENTS_READ]))

    events = reader.get("/events", types="payments.refund_failed,pos.refund_replaced").json()["events"]

    assert [each["data"]["refund_id"] for each in events] == [str(refund.id)]
