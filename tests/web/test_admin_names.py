"""Pages of sales and of money name receipts, people, tills and goods, with a link to each; an id stands in one place."""

import re
from typing import Any

import pytest
from django.test import Client

from events.testing.work import settle
from inventory.models import StockMovement
from kernel.ids import new_id
from payments.models import Payment, PaymentIntent
from pos.exceptions.models import ExceptionCase, HeldCommand
from pos.models import Order, Refund, Return
from pos.parking.models import ParkedOrder
from tenants.models import Tenant
from tests.support import make, people
from tests.support.crew import StaffedTerminal, person
from tests.support.day import opened, sold

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SHOWN = (Order, Return, Refund, Payment, PaymentIntent, ExceptionCase, HeldCommand, ParkedOrder, StockMovement)


@pytest.fixture
def owner(shop: Tenant) -> Client:
    """A day on which everything happens once; its owner."""
    make.variant("MUG", 1000)
    till = StaffedTerminal("Counter").sign_in(person("MAX", "manager"))
    opened(till)
    order = sold(till)
    line = {"order_line_id": order["lines"][0]["id"], "quantity": "1"}
    returned = {"id": str(new_id()), "order_id": order["id"], "lines": [line], "occurred_at": "2026-11-23T12:00:00Z"}
    card = {"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok_approve"}
    gone = {"sku": "GONE", "quantity": "1", "unit_price": {"amount": 700}, "description": "Gone"}
    answers = [
        till.post("/returns", returned),
        till.post("/parked-orders", {"id": str(new_id()), "label": "", "lines": [{"sku": "MUG", "quantity": "1"}]}),
        till.post("/orders", make.order_body(tenders=[card])),
        till.post("/orders", make.order_body(lines=[gone], origin="OFFLINE")),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 202]
    settle()
    return people.owner()


def text(answer: Any) -> str:
    """Return what is read on a page: in the order of reading, without attributes, scripts and requests as they were sent."""
    assert answer.status_code == 200
    page = re.sub(r"<(script|style|pre).*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


@pytest.mark.parametrize("model", SHOWN)
def test_a_list_shows_no_ids_and_a_page_one(owner: Client, model: Any) -> None:
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    listed = text(owner.get(base))
    shown = [text(owner.get(f"{base}{row.pk}/change/")) for row in model.objects.all()]

    assert shown
    assert UUID.findall(listed) == []
    assert {len(UUID.findall(page)) for page in shown} <= {0, 1}


def test_an_order_leads_to_whoever_sold_it_and_to_what_was_sold(owner: Client) -> None:
    order = Order.objects.get(receipt_number=1)
    page = owner.get(f"/admin/pos/order/{order.pk}/change/").content.decode()
    payments = owner.get("/admin/payments/payment/").content.decode()

    assert f'href="/admin/staff/staffmember/{order.staff_id}/change/" class="underline">Max<' in page
    assert f'href="/admin/pos/receipt/{order.receipt_id}/change/" class="underline">R1-000001<' in page
    assert f'href="/admin/pos/variant/{order.lines.get().variant_id}/change/" class="underline">MUG<' in page
    assert f'href="/admin/pos/order/{order.pk}/change/" class="underline">R1-000001<' in payments


def test_what_is_not_there_any_more_is_shown_by_its_id(owner: Client) -> None:
    gone = new_id()
    Payment.objects.filter(tender_type="cash").update(order_id=gone)

    assert str(gone) in text(owner.get("/admin/payments/payment/"))
