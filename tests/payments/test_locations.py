"""What payments tell says at which location and when money moved, whatever the order's location is."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.testing.work import published, settle
from kernel.ids import new_id
from payments.gateways.gateway import Answer
from payments.gateways.simulator import SimulatedGateway
from payments.models import PaymentRefund
from pos.models import Order, Refund, Register
from pos.orders.services.paying import add_tenders
from pos.orders.services.voiding import void_order
from pos.refunds.services import replace_refund
from pos.reports.definitions import REPORTS
from pos.reports.queries import Asked, report
from pos.returns.services import complete_return
from tenants.models import Tenant
from tests.support import make
from tests.support.places import branch
from tests.support.verifying import require_sound

LATER = make.NOW + timedelta(minutes=5)


@pytest.fixture
def there(shop: Tenant) -> Register:
    """Return a register at a second location, ten hours ahead, with an open shift as the first has."""
    make.variant()
    return branch("SYD", timezone="Australia/Sydney")


def moved(kind: str) -> list[tuple[Any, Any, Any]]:
    """Return register, location and moment of what payments told."""
    found = published(kind)
    return [(each.data["register_id"], each.data["location_id"], each.data.get("occurred_at")) for each in found]


def at(register: Register, moment: str | None) -> tuple[str, str, str | None]:
    return str(register.id), str(register.location_id), moment


def written(moment: Any) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def tenders_by_location() -> dict[tuple[str, str], int]:
    today = timezone.now().date()
    asked = Asked(first=make.NOW.date() - timedelta(days=2), last=today + timedelta(days=2))
    rows = report(REPORTS["tenders"], asked).rows
    return {(row["location"], row["tender_type"]): row["taken"] - row["refunded"] for row in rows}


def test_what_is_taken_and_given_back_at_another_location_is_told_of_there(there: Register) -> None:
    order = make.order(make.cash(300))
    add_tenders(order_id=order.id, register=there, tenders=[make.cash(200)], now=LATER)
    void_order(order_id=order.id, reason="left", register=there, now=LATER)
    settle()

    here = order.register
    assert moved("payments.payment_completed") == [at(here, written(make.NOW)), at(there, written(LATER))]
    assert moved("payments.payment_refunded") == [at(there, written(LATER))] * 2
    days = set(PaymentRefund.objects.values_list("business_date", flat=True))
    assert days == set(Refund.objects.values_list("business_date", flat=True))
    assert tenders_by_location() == {(here.location.code, "cash"): 300, ("SYD", "cash"): 200 - 500}
    require_sound()


def test_a_return_and_what_is_paid_in_place_of_a_refusal_are_told_of_where_they_are_paid(
    there: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make.order(make.card(1000))
    settle()
    monkeypatch.setattr(SimulatedGateway, "refund", lambda *_, **__: Answer(approved=False, reference="", reason="no"))
    complete_return(
        id=new_id(), register=there, order_id=order.id, lines=[make.returning(order)], occurred_at=LATER, now=LATER,
        fingerprint="",
    )  # fmt: skip
    settle()
    replace_refund(refund_id=Refund.objects.get().id, register=order.register, now=LATER, type="cash")
    settle()

    assert [each[:2] for each in moved("payments.payment_completed")] == [at(order.register, None)[:2]]
    assert moved("payments.refund_failed") == [at(there, None)]
    assert moved("payments.payment_refunded") == [at(order.register, written(LATER))]
    require_sound()


def test_the_moment_of_a_refund_through_the_gateway_is_that_of_its_answer(there: Register) -> None:
    order = make.order(make.card(1000))
    settle()
    before = timezone.now()
    complete_return(
        id=new_id(), register=there, order_id=order.id, lines=[make.returning(order)], occurred_at=LATER, now=LATER,
        fingerprint="",
    )  # fmt: skip
    settle()

    ((register, location, moment),) = moved("payments.payment_refunded")
    assert (register, location) == at(there, None)[:2]
    assert written(before) <= moment <= written(timezone.now())


def test_a_declined_card_and_one_that_the_order_does_without_say_where_they_were_asked_for(there: Register) -> None:
    declined, without = make.order(make.card(1000, "tok_decline")), make.order(make.card(500))
    settle()
    for order in (declined, without):
        void_order(order_id=order.id, reason="left", register=there, now=LATER)
    settle()

    here = declined.register
    assert moved("payments.payment_failed") == [at(here, None)]
    ((_, location, moment),) = moved("payments.payment_refunded")
    assert (location, bool(moment)) == (str(here.location_id), True)
    assert Order.objects.filter(status="VOIDED").count() == 2
    require_sound()
