"""Orders and tenders name the staff member, the register and the shift, in their rows and their events."""

from typing import Any
from uuid import UUID

from events.testing.work import published, settle
from kernel.ids import new_id
from payments.models import Payment
from pos.cash.services import open_shift
from pos.models import Location, Order, Register, Tender
from pos.orders.services.paying import add_tenders
from pos.orders.services.placing import place_order
from tenants.models import Tenant
from tests.support import make


def place(staff_id: UUID | None, *tenders: Any) -> Order:
    make.variant()
    make.shift()
    return place_order(
        id=new_id(), register=make.register(), device=None, lines=[make.asked()], tenders=tenders,
        occurred_at=make.NOW, now=make.NOW, fingerprint="", staff_id=staff_id,
    )  # fmt: skip


def told(name: str) -> dict[str, Any]:
    data: dict[str, Any] = published(name)[-1].data
    return data


def test_an_order_and_its_tenders_name_who_took_them(shop: Tenant) -> None:
    ada = new_id()

    order = place(ada, make.cash(1000))

    for name in ("pos.order_placed", "pos.order_completed"):
        data = told(name)
        (tender,) = data["tenders"]
        assert data["staff_id"] == tender["staff_id"] == str(ada)
        assert (tender["register_id"], tender["shift_id"]) == (str(make.register().id), str(make.shift().id))
    assert Order.objects.get().staff_id == Tender.objects.get(order=order).staff_id == ada


def test_a_tender_that_somebody_else_takes_at_another_register_names_them_and_it(shop: Tenant) -> None:
    ada, ben = new_id(), new_id()
    order = place(ada, make.cash(400))
    second = Register.objects.create(code="R2", name="Second", location=Location.objects.get())
    shift = open_shift(id=new_id(), register=second, float_amount=0, now=make.NOW)

    add_tenders(order_id=order.id, register=second, tenders=[make.cash(600)], now=make.NOW, staff_id=ben)

    (added,) = told("pos.tenders_added")["tenders"]
    assert (added["staff_id"], added["register_id"], added["shift_id"]) == (str(ben), str(second.id), str(shift.id))
    completed = told("pos.order_completed")
    assert completed["staff_id"] == str(ada)
    assert [tender["staff_id"] for tender in completed["tenders"]] == [str(ada), str(ben)]


def test_a_shop_without_staff_names_nobody(shop: Tenant) -> None:
    place(None, make.cash(1000))

    data = told("pos.order_completed")
    assert data["staff_id"] is data["tenders"][0]["staff_id"] is None


def test_a_card_that_the_backend_charges_names_who_asked_for_it(shop: Tenant) -> None:
    ada = new_id()
    order = place(ada, make.card(1000))
    settle()

    till = (make.register().id, make.shift().id, ada, order.business_date)
    assert Payment.objects.values_list("register_id", "shift_id", "staff_id", "business_date").get() == till
    data = told("payments.payment_completed")
    assert (data["register_id"], data["shift_id"], data["staff_id"]) == tuple(map(str, till[:3]))
    assert data["kind"] == "GATEWAY"


def test_a_card_that_is_declined_names_who_asked_for_it(shop: Tenant) -> None:
    ada = new_id()
    place(ada, make.card(1000, token="tok_decline"))
    settle()

    data = told("payments.payment_failed")
    assert (data["staff_id"], data["shift_id"]) == (str(ada), str(make.shift().id))
