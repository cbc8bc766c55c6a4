"""Texts: as wide a column as what is written into it, and no control character anywhere that people or clients write."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory

from events.models import ParkedEvent
from events.testing.work import settle
from kernel import limits
from kernel.ids import new_id
from kernel.text import TextRefused, clipped, printable
from kernel.validators import PlainText
from notifications.models import Message
from payments.gateways.gateway import Answer
from payments.models import PaymentIntent
from payments.services.charging import record_charge
from pos.models import Order, Product, TaxClass, TaxRate, Tender, Variant
from pos.receipts.text import COLUMNS
from pos.registers.services import pair_device
from staff.services import hire_owner, issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.declared import text_fields
from tests.support.make import order_body
from tests.support.terminal import Terminal

APPS = ("pos", "inventory", "payments", "notifications", "staff", "tenants")
FIXED = "written by our own code, from a closed set"
CLIPPED = "another system's words, clipped to the column"
SELLING = ("PlaceOrderBody", "ParkBody", "ResumedOrderBody", "ExchangeBody.wanted")
# Notes that people write may have several lines.
LINES = {
    "PlaceOrderBody.note", "ParkBody.note", "ExchangeBody.wanted.note", "ResolveBody.note", "AcceptBody.note",
    "RejectBody.note",
}  # fmt: skip

# What is written into each text column: other columns, members of bodies, or one of the two above.
WRITTEN: dict[str, list[str]] = {
    "pos.TaxRate.name": ["admin"],
    "pos.TaxRate.code": ["admin"],
    "pos.TaxClass.name": ["admin", "pos.TaxRate.name"],
    "pos.TaxRule.region": ["admin"],
    "pos.Location.tax_region": ["admin"],
    "pos.Product.name": ["ItemBody.name"],
    "pos.Product.kind": [FIXED],
    "pos.Variant.sku": ["ItemBody.sku"],
    "pos.Variant.name": ["admin"],
    "pos.Barcode.code": ["ItemBody.barcodes", "ItemBody.scale_barcodes.code"],
    "pos.Barcode.kind": [FIXED],
    "pos.Category.name": ["admin"],
    "pos.PriceList.name": ["admin"],
    "pos.PriceList.currency": ["admin"],
    "pos.Location.code": ["admin"],
    "pos.Location.name": ["tenants.Tenant.name"],
    "pos.Location.currency": ["tenants.Tenant.currency"],
    "pos.Location.timezone": ["tenants.Tenant.timezone"],
    "pos.Register.code": ["admin"],
    "pos.Register.name": ["admin"],
    "pos.Register.series": ["pos.Register.code"],
    "pos.Register.training_series": ["pos.Register.series"],
    "pos.Register.receipt_head": ["pos.Receipt.hash"],
    "pos.Register.return_head": ["pos.Receipt.hash"],
    "pos.Register.training_head": ["pos.Receipt.hash"],
    "pos.Receipt.kind": [FIXED],
    "pos.Receipt.series": ["pos.Register.series", "pos.Register.training_series"],
    "pos.Receipt.previous_hash": [FIXED],
    "pos.Receipt.hash": [FIXED],
    "pos.ShopProfile.legal_name": ["tenants.Tenant.name"],
    "pos.ShopProfile.vat_number": ["admin"],
    "pos.ShopProfile.scale_prefixes": ["admin"],
    "pos.Order.series": ["pos.Receipt.series"],
    "pos.Order.customer_salt": [FIXED],
    "pos.Return.series": ["pos.Receipt.series"],
    "pos.Device.name": [FIXED],
    "pos.Device.token_hash": [FIXED],
    "pos.Device.previous_hash": [FIXED],
    "pos.Device.status": [FIXED],
    "pos.CashDrawer.name": ["pos.Register.name"],
    "pos.CashDrawer.series": ["pos.Register.series"],
    "pos.CashDrawer.z_head": ["pos.Receipt.hash"],
    "pos.CashDrawer.x_head": ["pos.Receipt.hash"],
    "pos.CashDrawer.cash_head": ["pos.Receipt.hash"],
    "pos.CashDrawer.correction_head": ["pos.Receipt.hash"],
    "pos.Shift.state": [FIXED],
    "pos.Shift.note": ["CloseShiftBody.note"],
    "pos.CashMovement.kind": [FIXED],
    "pos.CashMovement.reason_code": ["MoveCashBody.reason_code", "NoSaleBody.reason_code"],
    "pos.CashMovement.note": ["MoveCashBody.note", "NoSaleBody.note"],
    "pos.ShiftTotal.subject": [FIXED],
    "pos.TenderType.code": ["admin"],
    "pos.TenderType.name": ["admin"],
    "pos.TenderType.kind": [FIXED],
    "pos.Order.status": [FIXED],
    "pos.Order.currency": ["pos.Location.currency"],
    "pos.Order.customer_email": [
        "PlaceOrderBody.customer_email", "ParkBody.customer_email", "ExchangeBody.wanted.customer_email",
    ],
    "pos.Order.note": ["PlaceOrderBody.note", "ParkBody.note", "ExchangeBody.wanted.note"],
    "pos.Order.fingerprint": [FIXED],
    "pos.OrderLine.sku": ["pos.Variant.sku", "ParkBody.lines.sku", "ResumedOrderBody.lines.sku"],
    "pos.OrderLine.description": [
        "title of a variant", "PlaceOrderBody.lines.description", "PlaceOrderBody.lines.snapshot.description",
        *(f"{body}.lines.{name}" for body in ("ParkBody", "ResumedOrderBody", "ExchangeBody.wanted") for name in (
          "description", "snapshot.description")),
    ],
    "pos.OrderLine.category": ["pos.Category.name"],
    "pos.OrderLine.price_source": [FIXED],
    "pos.OrderLine.tax_name": ["pos.TaxRate.name", CLIPPED],
    "pos.OrderLineTax.code": [
        "pos.TaxRate.name", "pos.TaxRate.code",
        *(f"{body}.lines.snapshot.taxes.code" for body in SELLING),
    ],
    "pos.OrderLineTax.name": [
        "pos.TaxRate.name",
        *(f"{body}.lines.snapshot.taxes.name" for body in SELLING),
    ],
    "pos.Order.rounding_level": [FIXED],
    "pos.Location.rounding_level": [FIXED],
    "pos.Refund.kind": [FIXED],
    "pos.Refund.state": [FIXED],
    "pos.Refund.reference": [
        CLIPPED, "CompleteReturnBody.refunds.reference", "VoidBody.refunds.reference", "ExchangeBody.refunds.reference",
        "ReplacementBody.reference",
    ],
    "pos.Refund.failure": ["payments.PaymentRefund.failure"],
    "pos.Tender.state": [FIXED],
    "pos.Tender.reference": [
        "PlaceOrderBody.tenders.reference", "AddTendersBody.tenders.reference", "ResumedOrderBody.tenders.reference",
        "ExchangeBody.tenders.reference",
    ],
    "pos.Tender.kind": [FIXED],
    "pos.Tender.failure": [CLIPPED, "payments.PaymentIntent.failure"],
    "pos.Return.currency": ["pos.Location.currency"],
    "pos.Return.reason": ["CompleteReturnBody.reason", "ExchangeBody.brought.reason"],
    "pos.Return.fingerprint": [FIXED],
    "pos.ReturnLine.sku": ["CompleteReturnBody.lines.sku", "ExchangeBody.brought.lines.sku", "pos.OrderLine.sku"],
    "pos.ReturnLine.reason_code": [
        "CompleteReturnBody.lines.reason_code", "CompleteReturnBody.reason_code",
        "ExchangeBody.brought.lines.reason_code", "ExchangeBody.brought.reason_code",
    ],
    "pos.ReturnLine.category": ["pos.Category.name", "pos.OrderLine.category"],
    "pos.ReturnLine.description": [
        "title of a variant", "CompleteReturnBody.lines.description", "ExchangeBody.brought.lines.description",
        "pos.OrderLine.description",
    ],
    "inventory.StockedVariant.sku": ["pos.Variant.sku"],
    "inventory.StockedVariant.title": ["title of a variant"],
    "inventory.StockItem.sku": ["inventory.StockedVariant.sku"],
    "inventory.StockItem.title": ["inventory.StockedVariant.title"],
    "inventory.StockMovement.kind": [FIXED],
    "inventory.StockMovement.reason": ["StockAdjustmentBody.lines.reason"],
    "inventory.StockMovement.source_type": [FIXED],
    "payments.PaymentIntent.tender_type": ["pos.TenderType.code"],
    "payments.PaymentIntent.currency": ["pos.Order.currency"],
    "payments.PaymentIntent.card_token": [
        "PlaceOrderBody.tenders.card_token", "AddTendersBody.tenders.card_token",
        "ResumedOrderBody.tenders.card_token", "ExchangeBody.tenders.card_token",
    ],
    "payments.PaymentIntent.state": [FIXED],
    "payments.PaymentIntent.reference": [CLIPPED],
    "payments.PaymentIntent.failure": [CLIPPED],
    "payments.Payment.tender_type": ["pos.TenderType.code"],
    "payments.Payment.kind": [FIXED],
    "payments.Payment.currency": ["pos.Order.currency"],
    "payments.Payment.reference": ["payments.PaymentIntent.reference"],
    "payments.PaymentRefund.tender_type": ["pos.TenderType.code"],
    "payments.PaymentRefund.kind": [FIXED],
    "payments.PaymentRefund.failure": [CLIPPED],
    "payments.PaymentRefund.currency": ["pos.Return.currency"],
    "payments.PaymentRefund.state": [FIXED],
    "payments.PaymentRefund.reference": [CLIPPED, "pos.Refund.reference"],
    "payments.SimulatedCharge.currency": ["payments.PaymentIntent.currency"],
    "notifications.AlertRecipient.email": ["tenants.Tenant.owner_email"],
    "notifications.Message.kind": [FIXED],
    "notifications.Message.recipient": [
        "pos.Order.customer_email", "notifications.AlertRecipient.email", "DeliveryBody.to",
    ],
    "notifications.Message.subject": [CLIPPED],
    "notifications.Message.state": [FIXED],
    "notifications.Message.failure": [CLIPPED],
    "pos.Device.app_version": ["PairBody.app_version", "HeartbeatBody.app_version"],
    "pos.PairingCode.selector": [FIXED],
    "pos.PairingCode.secret_hash": [FIXED],
    "staff.Role.name": ["admin"],
    "staff.StaffMember.code": ["admin"],
    "staff.StaffMember.name": ["admin"],
    "staff.StaffMember.pin_hash": [FIXED],
    "staff.StaffSession.token_hash": [FIXED],
    "staff.StaffSession.ended_by": [FIXED],
    "staff.Approval.digest": ["ApproveBody.subject.digest"],
    "staff.Approval.reason": ["ApproveBody.reason"],
    "staff.ApiKey.name": [FIXED],
    "staff.ApiKey.key_hash": [FIXED],
    "staff.ApiKey.previous_hash": [FIXED],
    "pos.Order.origin": [FIXED],
    "pos.Order.void_reason": ["VoidBody.reason", "DiscardOrderBody.reason"],
    "pos.ExceptionCase.kind": [FIXED],
    "pos.ExceptionCase.severity": [FIXED],
    "pos.ExceptionCase.resolved_by": [FIXED],
    "pos.ExceptionCase.note": ["ResolveBody.note", "AcceptBody.note", "RejectBody.note"],
    "pos.HeldCommand.state": [FIXED],
    "pos.HeldCommand.reason": [FIXED],
    "pos.HeldCommand.detail": [CLIPPED],
    "pos.HeldCommand.fingerprint": [FIXED],
    "pos.HeldCommand.currency": ["pos.Location.currency"],
    "pos.HeldCommand.decided_by": [FIXED],
    "pos.HeldCommand.note": ["AcceptBody.note", "RejectBody.note"],
    "pos.ParkedOrder.label": ["ParkBody.label"],
    "pos.ReportFigure.kind": [FIXED],
    "pos.ReportFigure.direction": [FIXED],
    "pos.ReportFigure.currency": ["pos.Location.currency"],
    "pos.ReportFigure.code": [
        "pos.OrderLineTax.code", "pos.TenderType.code", "pos.OrderLine.sku", "pos.OrderLine.description",
        "PlaceOrderBody.discounts.name", "PlaceOrderBody.lines.discounts.name", "pos.Return.reason",
    ],
    "pos.ReportFigure.detail": ["pos.Tender.kind"],
    "pos.ReportFigure.name": ["pos.OrderLineTax.name", "pos.OrderLine.description", "pos.TenderType.name"],
}  # fmt: skip
# Texts that choose what is there, or that the event layer keeps, whose columns have no width.
CHOOSE = {
    *(f"{query}.{name}" for query in ("OrderQuery", "ReturnQuery", "FoundReceiptsQuery") for name in ("receipt", "customer_email", "currency")),
    "PlaceOrderBody.discounts.name", "PlaceOrderBody.lines.discounts.name",
    *(f"{body}.{name}" for body in ("ParkBody", "ResumedOrderBody") for name in (
      "discounts.name", "lines.discounts.name", "lines.barcode", "lines.tax_name")), "ResumedOrderBody.tenders.type",
    *(f"{body}.lines.snapshot.taxes.rate" for body in (*SELLING, "QuoteBody")), "ReportQuery.location",
    *(f"QuoteBody.lines.snapshot.{name}" for name in ("description", "taxes.code", "taxes.name")),
    *(f"QuoteBody.{name}" for name in ("tender_type", "discounts.name", "lines.discounts.name", "lines.barcode",
      "lines.sku", "lines.description", "lines.tax_name")),
    *(f"QuoteReturnBody.{name}" for name in ("lines.sku", "lines.reason_code", "lines.description", "lines.tax_name", "refund_to",
      "refunds.type", "refunds.reference")),
    "PlaceOrderBody.lines.barcode", "PlaceOrderBody.lines.sku", "PlaceOrderBody.lines.tax_name",
    "CompleteReturnBody.lines.barcode", "QuoteReturnBody.lines.barcode", "ExchangeBody.brought.lines.barcode",
    "GoodsReceiptBody.lines.barcode", "GoodsReceiptBody.lines.sku", "StockAdjustmentBody.lines.barcode",
    "StockAdjustmentBody.lines.sku",
    "CloseShiftBody.counts.tender_type", "PlaceOrderBody.tenders.type", "AddTendersBody.tenders.type", "CompleteReturnBody.lines.tax_name",
    "CompleteReturnBody.refund_to", "ItemBody.tax_name", "VariantQuery.barcode", "VariantQuery.q", "VariantQuery.sku",
    *(f"{body}.refunds.type" for body in ("CompleteReturnBody", "VoidBody", "ExchangeBody")), "ReplacementBody.type",
    *(f"ExchangeBody.wanted.{name}" for name in ("discounts.name", "lines.discounts.name", "lines.barcode", "lines.sku",
      "lines.tax_name")), "ExchangeBody.tenders.type", "ExchangeBody.brought.lines.tax_name",
    "FeedQuery.types", "LiveQuery.types", "DeadLettersQuery.fingerprint", "DeadLettersQuery.subscriber",
    "UndeliveredCallsQuery.kind", "PairBody.code", "SignInBody.staff_code", "SignInBody.pin",
    "ApproveBody.staff_code", "ApproveBody.pin",
    *(f"{body}.{name}" for body in ("ChosenBody", "DiscardBody", "ParkedEventBody", "CopyBody", "PauseBody")
      for name in ("subscriber", "fingerprint", "reason")),
    *(f"EndpointBody.{name}" for name in ("url", "description", "types")), "StateBody.reason", "ReplayBody.types",
    "PinBody.type", "SendAgainBody.kind", "SendAgainBody.reason",
}  # fmt: skip
ESCAPES = "Tea\n\x1b@TOTAL        0.01\x1bp0"
BAD = [*map(chr, [*range(32), *range(127, 160)]), "\u2028", "\u2029", "\u202e", "\u2066"]
GOOD = ["Tee für ä", "čaj 茶 चाय", "\N{PILE OF POO}", "👨\u200d👩\u200d👧", "می\u200cخواهم", "\u200eabc"]


def columns() -> dict[str, Any]:
    """Every text column of bounded width of our own tables, by name."""
    return {
        f"{model._meta.label}.{field.name}": field
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.CharField) and not model._meta.label == "staff.User"
    }


def width_of(source: str) -> int:
    if source == "title of a variant":
        return limits.NAME + 1 + limits.NAME
    fields = dict(text_fields())
    return fields[source].max_length if source in fields else columns()[source].max_length


@pytest.mark.parametrize("column", sorted(set(columns()) - {n for n in columns() if n.startswith("tenants.")}))
def test_in03_a_column_is_as_wide_as_what_is_written_into_it(column: str) -> None:
    assert column in WRITTEN, f"say in WRITTEN what {column} is written from"
    for source in WRITTEN[column]:
        if source not in {FIXED, CLIPPED, "admin"}:
            assert width_of(source) <= columns()[column].max_length, f"{source} does not fit into {column}"


def test_in03_every_text_that_is_sent_has_a_limit_and_a_place() -> None:
    placed = {source for sources in WRITTEN.values() for source in sources} | CHOOSE

    for name, field in text_fields():
        assert field.max_length, f"{name} has no limit"
        assert name in placed, f"say in WRITTEN into which column {name} is written, or in CHOOSE that it is in none"


def longest(length: int) -> str:
    return "\N{PILE OF POO}" * length


def test_in03_what_is_as_long_as_it_may_be_is_sold_returned_and_delivered(api: Terminal) -> None:
    tax = TaxRate.objects.create(name=longest(limits.TAX_NAME), rate=0)
    make.shift()
    item = {"sku": longest(limits.CODE), "name": longest(limits.NAME), "price": {"amount": 100}, "tax_name": tax.name}
    product = api.post("/products", {**item, "barcodes": [longest(limits.CODE - 1) + str(n) for n in range(9)]})
    Variant.objects.update(name=longest(limits.NAME))
    settle()
    variant_id = product.json()["id"]
    lost = {"variant_id": variant_id, "quantity": "-1", "reason": longest(limits.REASON)}
    adjusted = api.post("/stock-adjustments", {"id": str(new_id()), "lines": [lost]})
    line = {"sku": item["sku"], "quantity": "1"}
    service = {
        "description": longest(limits.TITLE),
        "unit_price": {"amount": 100},
        "tax_name": tax.name,
        "quantity": "1",
    }
    tenders = [
        {"type": "card", "amount": {"amount": 100}, "reference": longest(limits.REFERENCE)},
        {"type": "gateway", "amount": {"amount": 100}, "card_token": longest(limits.REFERENCE)},
    ]
    mail = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.de"
    order = api.post(
        "/orders",
        order_body(lines=[line, service], tenders=tenders, customer_email=mail, note=longest(limits.NOTE)),
    )
    settle()
    placed = api.post("/orders", order_body(lines=[service], tenders=[]))
    voided = api.post(f"/orders/{placed.json()['id']}/void", {"reason": longest(limits.REASON)})
    completed = api.get(f"/orders/{order.json()['id']}").json()
    returned = {"id": str(new_id()), "order_id": completed["id"], "occurred_at": "2026-11-23T12:00:00Z"}
    lines = [{"order_line_id": each["id"], "quantity": "1"} for each in completed["lines"]]
    back = api.post("/returns", {**returned, "lines": lines, "reason": longest(limits.REASON)})
    settle()

    answers = [product, adjusted, order, placed, voided, back]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 201, 200, 201]
    assert completed["status"] == "COMPLETED"
    assert completed["lines"][0]["description"] == f"{longest(limits.NAME)} {longest(limits.NAME)}"
    assert ParkedEvent.objects.count() == 0
    assert Message.objects.filter(recipient=mail, state="SENT").count() == 1


@pytest.mark.parametrize("answer", ["declined", "taken"])
def test_in03_the_words_of_a_gateway_are_clipped(shop: Tenant, answer: str) -> None:
    words = "no\n\x1b \0" + "x" * 5000
    make.variant("MUG", 1000)
    make.order(make.card(1000))
    settle(without="pos.settle_card_tenders")
    PaymentIntent.objects.update(state="CREATED")
    intent = PaymentIntent.objects.get()
    taken = Answer(approved=answer == "taken", reference=words, reason=words)
    if answer == "taken":
        intent.payment.delete()

    record_charge(intent_id=intent.id, answer=taken, now=make.NOW)
    settle()

    intent.refresh_from_db()
    said = intent.reference if answer == "taken" else intent.failure
    assert said.startswith("no   ")
    assert len(said) == (limits.REFERENCE if answer == "taken" else limits.REASON)
    assert Tender.objects.get().state == ("SETTLED" if answer == "taken" else "FAILED")
    assert ParkedEvent.objects.count() == 0


@pytest.mark.parametrize(("name", "field"), text_fields(), ids=lambda value: value if isinstance(value, str) else "")
def test_in15_no_text_that_is_sent_takes_a_control_character(name: str, field: Any) -> None:
    validators = [each for each in field.validators if isinstance(each, PlainText)]

    assert validators, f"{name} takes control characters: use a field of web.fields"
    assert any(each.lines for each in validators) == (name in LINES)


@pytest.mark.parametrize("bad", BAD)
def test_in15_every_control_character_is_refused(bad: str) -> None:
    with pytest.raises(Exception, match="control character"):
        PlainText()(f"Tea{bad}pot")
    assert printable(f"Tea{bad}pot") == "Tea pot"


@pytest.mark.parametrize("good", GOOD)
def test_in15_what_people_write_is_accepted(good: str) -> None:
    PlainText()(good)
    PlainText(lines=True)(f"{good}\r\n{good}\n\t")

    assert printable(good) == clipped(good, 100) == good


def test_in15_a_description_that_would_print_a_second_total_is_refused(api: Terminal) -> None:
    make.shift()
    line = {"description": ESCAPES, "unit_price": {"amount": 100}, "tax_name": "Zero", "quantity": "1"}

    answer = api.post("/orders", order_body(lines=[line], tenders=[]))

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "pointer": "/lines/0/description",
            "code": "control-character",
            "detail": "The text holds the control character U+000A: take it out.",
        }
    ]
    assert Order.objects.count() == 0


def test_in15_what_older_rows_hold_stays_on_its_line(api: Terminal) -> None:
    make.variant("TEA")
    Product.objects.update(name=ESCAPES)
    make.order(make.cash(1000), lines=[make.asked("TEA")], email="ada@example.test")
    settle()

    receipt = api.get(f"/orders/{Order.objects.get().id}/receipt").json()["text"]

    mailed = Message.objects.get(kind="RECEIPT").body
    assert receipt == mailed
    assert sum(line.startswith("TOTAL") for line in receipt.splitlines()) == 1
    assert all(len(line) <= COLUMNS for line in receipt.splitlines())
    assert "\x1b" not in receipt


@pytest.mark.parametrize("page", list(admin.site._registry.values()), ids=lambda page: page.model._meta.label)
def test_in15_no_form_of_the_admin_takes_a_control_character(shop: Tenant, page: Any) -> None:
    request = RequestFactory().get("/")
    request.user = hire_owner(username="ada", password="a long secret")
    checked = [page, *page.get_inline_instances(request)]

    for form in checked:
        for db_field in form.model._meta.concrete_fields:
            if (
                isinstance(db_field, (models.CharField, models.TextField))
                and db_field.editable
                and not db_field.choices
            ):
                field = form.formfield_for_dbfield(db_field, request)
                if field is not None and hasattr(field, "strip"):
                    assert any(isinstance(each, PlainText) for each in field.validators), db_field


def test_in15_a_product_with_one_is_refused_in_the_admin(shop: Tenant) -> None:
    make.variant("OLD")
    owner = Client(headers={"Host": "north.localhost"})
    owner.force_login(hire_owner(username="ada", password="a long secret"))
    form = {
        "name": "Tea\x1bpot", "kind": "STOCKED", "tax_class": str(TaxClass.objects.get(name="Zero").id),
        "variants-TOTAL_FORMS": "1", "variants-INITIAL_FORMS": "0", "variants-0-sku": "T\n1", "variants-0-price": "1",
        "variants-0-active": "on",
    }  # fmt: skip

    answer = owner.post("/admin/pos/product/add/", form)

    assert answer.status_code == 200
    assert b"U+001B" in answer.content
    assert b"U+000A" in answer.content
    assert Product.objects.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\x1bb", "a\nb"])
def test_in03_names_on_a_command_line_follow_the_same_rule(shop: Tenant, name: str) -> None:
    with pytest.raises(TextRefused):
        pair_device(register_code="R1", name=name)
    with pytest.raises(TextRefused):
        issue_api_key(name=name, scopes=["events:read"])
