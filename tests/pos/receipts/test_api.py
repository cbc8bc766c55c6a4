"""Receipts through the API and the admin; training (N4); the profile."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from events.models import Event
from events.testing.work import names, settle
from inventory.models import StockItem
from kernel.ids import new_id
from notifications.models import Message
from payments.models import Payment
from pos.models import Order, Receipt, Register, ShopProfile
from pos.profile.services import put_profile
from pos.receipts.snapshot import read_snapshot
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal, terminal

TRAINING = {"training": True}


@pytest.fixture
def till(shop: Tenant) -> Terminal:
    make.variant("MUG", 1000)
    make.shift()
    settle()
    return terminal("north")


@pytest.fixture
def owner(shop: Tenant) -> Client:
    client = Client(headers={"Host": "north.localhost"})
    client.force_login(hire_owner(username="ada", password="a long secret"))
    return client


def sold(till: Terminal) -> str:
    order = till.post("/orders", make.order_body())
    assert order.status_code == 201, order.content
    return str(order.json()["receipt_id"])


def shown(till: Terminal, receipt: str, accept: str, query: str = "") -> Any:
    return till.client.get(f"/api/v1/receipts/{receipt}{query}", headers={**till.headers, "Accept": accept})


def test_a_receipt_is_shown_in_the_form_that_is_asked_for(till: Terminal) -> None:
    receipt = sold(till)

    as_json = till.get(f"/receipts/{receipt}").json()
    assert (as_json["receipt"], as_json["series"], as_json["number"], as_json["kind"]) == (
        "R1-000001",
        "R1",
        1,
        "ORDER",
    )
    assert as_json["snapshot"]["total"] == 1000
    assert max(map(len, as_json["text"].splitlines())) == 42
    narrow, wide = (shown(till, receipt, "text/plain", f"?columns={columns}") for columns in (42, 48))
    assert narrow.content.decode() == as_json["text"]
    assert max(map(len, wide.content.decode().splitlines())) == 48
    assert shown(till, receipt, "text/html").content.startswith(b"<!doctype html>")
    pdf = shown(till, receipt, "application/pdf")
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_what_is_no_receipt_and_no_form_is_refused(till: Terminal) -> None:
    receipt = sold(till)

    for accept in ("application/json", "text/plain", "text/html", "application/pdf"):
        missing = shown(till, str(new_id()), accept)
        assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    assert shown(till, receipt, "text/plain", "?columns=40").status_code == 422
    assert shown(till, receipt, "text/plain", "?width=40").json()["code"] == "unknown-parameter"
    assert shown(till, receipt, "image/png").json()["code"] == "not-acceptable"


def test_the_first_print_is_no_copy_and_every_later_one_says_so_in_all_forms(till: Terminal) -> None:
    receipt = sold(till)
    assert "COPY" not in shown(till, receipt, "text/plain").content.decode()

    prints = [till.post(f"/receipts/{receipt}/prints", {"columns": 48}).json() for _ in range(3)]

    assert [(each["print_count"], each["copy"]) for each in prints] == [(1, 0), (2, 1), (3, 2)]
    assert [("COPY" in each["text"]) for each in prints] == [False, True, True]
    assert "COPY 2" in prints[2]["text"]
    for accept in ("text/plain", "text/html"):
        assert "COPY 2" in shown(till, receipt, accept).content.decode()
    assert len({each["hash"] for each in prints}) == 1


def test_a_print_that_is_sent_again_under_its_key_counts_once(till: Terminal) -> None:
    receipt = sold(till)

    first, again = (till.post(f"/receipts/{receipt}/prints", {}, key="print-0001") for _ in range(2))

    assert first.content == again.content
    assert Receipt.objects.get().print_count == 1
    assert till.post(f"/receipts/{new_id()}/prints", {}).status_code == 404


def test_a_mail_counts_as_a_print_and_every_later_one_is_a_copy_wherever_it_is_shown(till: Terminal) -> None:
    receipt = sold(till)
    order = Order.objects.get().id

    for _ in range(3):
        assert till.post(f"/receipts/{receipt}/deliveries", {"to": "ada@example.test"}).status_code == 202
    settle()

    bodies = Message.objects.filter(recipient="ada@example.test").order_by("created_at").values_list("body", flat=True)
    assert [re.findall(r"COPY \d", body) for body in bodies] == [[], ["COPY 1"], ["COPY 2"]]
    assert Receipt.objects.get().print_count == 3
    assert "COPY 2" in till.get(f"/orders/{order}/receipt").json()["text"]
    assert till.post(f"/receipts/{receipt}/prints", {}).json()["copy"] == 3


def test_a_receipt_is_mailed_and_the_address_is_in_no_event(till: Terminal) -> None:
    receipt = sold(till)
    till.post(f"/receipts/{receipt}/prints", {})
    till.post(f"/receipts/{receipt}/prints", {})

    first, again = (
        till.post(f"/receipts/{receipt}/deliveries", {"to": "ada@example.test"}, key="mail-0001") for _ in range(2)
    )
    settle()

    message = Message.objects.get(recipient="ada@example.test")
    assert (first.status_code, first.content) == (202, again.content)
    assert (message.kind, message.subject) == ("RECEIPT", "Your receipt R1-000001")
    assert "COPY 2" in message.body
    assert not Event.objects.filter(data__icontains="ada@example.test").exists()
    for wrong in ({}, {"to": ""}, {"to": "ada"}):
        assert till.post(f"/receipts/{receipt}/deliveries", wrong).status_code == 422
    assert till.post(f"/receipts/{new_id()}/deliveries", {"to": "ada@example.test"}).status_code == 404


def test_n4_training_has_a_series_apart_and_touches_nothing_else(till: Terminal) -> None:
    before = names()
    on_hand = StockItem.objects.values_list("on_hand", flat=True)

    for _ in range(2):
        answer = till.post("/orders", make.order_body(**TRAINING, customer_email="ada@example.test")).json()
        assert answer["training"] is True
    settle()

    assert [order.receipt for order in Order.objects.order_by("receipt_number")] == ["R1-T-000001", "R1-T-000002"]
    assert names()[len(before) :] == ["pos.receipt_issued"] * 2
    assert (list(StockItem.objects.values_list("on_hand", flat=True)), Payment.objects.count()) == (list(on_hand), 0)
    register = Register.objects.get()
    assert (register.next_receipt_number, register.next_training_number) == (1, 3)
    first, second = Receipt.objects.order_by("number")
    assert (first.series, second.previous_hash, read_snapshot(first.snapshot).training) == ("R1-T", first.hash, True)
    sold(till)
    assert Order.objects.get(training=False).receipt == "R1-000001"
    assert till.get("/orders", receipt="R1-T-000001").json()["results"][0]["receipt"] == "R1-T-000001"
    assert [row["receipt"] for row in till.get("/orders", receipt="R1-000001").json()["results"]] == ["R1-000001"]


def test_n4_training_charges_no_card_and_is_not_returned(till: Terminal) -> None:
    card = {"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok_approve"}
    refused = till.post("/orders", make.order_body(**TRAINING, tenders=[card]))
    assert (refused.status_code, refused.json()["code"]) == (422, "tender-mismatch")
    part_paid = till.post("/orders", make.order_body(**TRAINING, tenders=[])).json()["id"]
    later = till.post(f"/orders/{part_paid}/tenders", {"tenders": [card]})
    assert later.json()["code"] == "tender-mismatch"
    assert till.post(f"/orders/{part_paid}/void", {"reason": "over"}).json()["status"] == "VOIDED"
    order = till.post("/orders", make.order_body(**TRAINING)).json()

    line = {"order_line_id": order["lines"][0]["id"], "quantity": "1"}
    body = {"id": str(new_id()), "order_id": order["id"], "occurred_at": "2026-11-23T12:00:00Z", "lines": [line]}
    assert till.post("/returns", body).json()["code"] == "order-not-completed"
    assert not [name for name in names() if name.startswith(("pos.order", "pos.return", "pos.card"))]


def test_a_receipt_keeps_the_profile_that_it_was_issued_under(till: Terminal) -> None:
    before = sold(till)
    put_profile(values={"legal_name": "Ada's Mugs Ltd", "vat_number": "GB1", "receipt_footer": "Come again"})
    after = sold(till)

    old, new = (till.get(f"/receipts/{receipt}").json() for receipt in (before, after))
    assert (old["snapshot"]["seller"]["profile"], new["snapshot"]["seller"]["profile"]) == (1, 2)
    assert "Ada's Mugs Ltd" not in old["text"]
    assert "VAT GB1" in new["text"]
    assert new["text"].splitlines()[-1].strip() == "Come again"


def test_a_version_of_the_profile_is_not_changed(till: Terminal) -> None:
    for change in ({"legal_name": "Other"}, {"vat_number": "1"}):
        with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
            ShopProfile.objects.update(**change)


def test_the_owner_makes_a_new_version_of_the_profile(owner: Client) -> None:
    form = owner.get("/admin/pos/shopprofile/add/")
    assert b'value="north"' in form.content

    made = owner.post("/admin/pos/shopprofile/add/", {"legal_name": "North Ltd", "cut_over_hour": "4"})

    assert made.status_code == 302, made.content
    versions = ShopProfile.objects.order_by("version").values_list("version", "current", "legal_name", "cut_over_hour")
    assert list(versions) == [(1, False, "north", 0), (2, True, "North Ltd", 4)]
    refused = owner.post("/admin/pos/shopprofile/add/", {"legal_name": "North Ltd", "cut_over_hour": "24"})
    assert (refused.status_code, ShopProfile.objects.count()) == (200, 2)


def test_the_owner_finds_a_receipt_by_its_number(owner: Client, till: Terminal) -> None:
    sold(till)
    order = Order.objects.get()
    make.return_(order, make.returning(order))
    receipt = Receipt.objects.get(kind="ORDER")

    for asked, found in {"R1-000001": 1, "R1-R000001": 1, "1": 2, "R2-000001": 0, "9" * 30: 0}.items():
        page = owner.get("/admin/pos/receipt/", {"q": asked}).content.decode()
        assert page.count("/change/") == found, asked
    page = owner.get(f"/admin/pos/receipt/{receipt.id}/change/").content.decode()
    assert "TOTAL" in page
    assert "Save" not in page


def test_the_series_of_a_used_register_is_refused_in_a_sentence(owner: Client, till: Terminal) -> None:
    sold(till)
    register = make.register()
    stays = {"location": str(register.location_id), "drawer": str(register.drawer_id)}
    form = {"code": "R1", "name": "Till 1", "series": "NEW", **stays}

    page = owner.post(f"/admin/pos/register/{register.id}/change/", form)

    assert (page.status_code, Register.objects.get().series) == (200, "R1")
    assert "The series is R1 since the first number here" in page.content.decode()
