"""What is sent of orders."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from kernel import limits
from pos.orders.models import Order
from web.commands import ApprovableBody
from web.fields import (
    Choice,
    Code,
    MailAddress,
    MomentField,
    PercentField,
    QuantityField,
    ReceiptName,
    Reference,
    ReportedMomentField,
    Text,
    UUIDv7Field,
    WholeNumber,
)
from web.finding import DocumentQuery
from web.goods import GoodsBody
from web.inputs import Body, require_own_ids
from web.money import MoneyField, UnitPriceField


class DiscountBody(Body):
    """Off what the discounts before it have left. Send one of `percent` and `amount`."""

    name = Text(limits.NAME, optional=True)
    percent = PercentField(required=False)
    amount = MoneyField(lowest=1, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("percent" in attrs) == ("amount" in attrs):
            raise serializers.ValidationError("Send one of percent and amount.")
        return attrs


class SnapshotTaxBody(Body):
    name = Text(limits.TAX_NAME)
    code = Text(limits.TAX_NAME, optional=True)
    rate = Code(r"[0-9](\.[0-9]{1,6})?", 8, help_text="A share: 0.200000 for twenty percent")
    on_top = serializers.BooleanField(default=False, help_text="Whether its base contains the taxes before it")


class SnapshotBody(Body):
    """What the till knew of the goods when it sold them: what a paid order keeps, whatever the shop knows by now."""

    description = Text(limits.TITLE)
    unit_price = UnitPriceField()
    taxes = SnapshotTaxBody(many=True, default=list, max_length=limits.MOST_TAXES)  # type: ignore[call-arg]
    tax_inclusive = serializers.BooleanField(default=True, help_text="Whether the price contains the taxes")


class OrderLineBody(GoodsBody):
    """Name one of `variant_id`, `barcode`, `sku`; or a service by `description`, `unit_price` and `tax_name`."""

    renamed = {"tax_rate": "tax_name"}

    otherwise = ", or a service by description, unit_price and tax_name"

    id = UUIDv7Field(required=False)
    description = Text(limits.TITLE, optional=True)
    quantity = QuantityField()
    unit_price = UnitPriceField(required=False)
    tax_name = Text(
        limits.TAX_NAME, optional=True, source="tax_rate", help_text="Of a service: a tax class's name, or a rate's"
    )
    discounts = DiscountBody(many=True, default=list, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]
    snapshot = SnapshotBody(required=False)

    def names_otherwise(self, attrs: Mapping[str, Any]) -> bool:
        return bool(attrs["description"] and "unit_price" in attrs and attrs["tax_rate"])


class TenderBody(Body):
    id = UUIDv7Field(required=False)
    type = Text(
        limits.SHORT_CODE,
        help_text="The code of one of the shop's tender types: at first `cash`, `card` (charged at the terminal"
        " already), `gateway` (charged by the backend) and `account`",
    )
    amount = MoneyField(lowest=1)
    reference = Reference()
    card_token = Text(
        limits.REFERENCE,
        optional=True,
        help_text="The gateway's, for a type whose card the backend charges (`gateway`), and for no other",
    )


class PlaceOrderBody(ApprovableBody):
    id = UUIDv7Field()
    occurred_at = ReportedMomentField()
    origin = Choice(
        Order.Origin.choices, default=Order.Origin.ONLINE.value, help_text="OFFLINE: the till sold it alone"
    )
    device_sequence = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=limits.LARGEST_NUMBER,
        help_text="The device's count of its orders, from 1 on: what is missing is reported",
    )
    shift_id = serializers.UUIDField(required=False, help_text="Of the shift in which the till sold it")
    lines = OrderLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    discounts = DiscountBody(many=True, default=list, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]
    tenders = TenderBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]
    customer_email = MailAddress()
    note = Text(limits.NOTE, optional=True, lines=True)
    training = serializers.BooleanField(
        default=False, help_text="Moves neither stock nor money; its receipt has a number of a series apart"
    )


class CartBody(Body):
    """What is parked of an order."""

    lines = OrderLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    discounts = DiscountBody(many=True, default=list, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]


class ResumedOrderBody(ApprovableBody):
    """A parked order that is sold. What is left out is as it was parked; `occurred_at` is now."""

    occurred_at = ReportedMomentField(required=False)
    origin = Choice(Order.Origin.choices, default=Order.Origin.ONLINE.value)
    device_sequence = serializers.IntegerField(required=False, min_value=1, max_value=limits.LARGEST_NUMBER)
    shift_id = serializers.UUIDField(required=False)
    lines = OrderLineBody(many=True, required=False, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    discounts = DiscountBody(many=True, required=False, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]
    tenders = TenderBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]


class QuoteBody(Body):
    """As of an order, but for what only a sale has. `occurred_at` decides prices and taxes; left out, it is now."""

    occurred_at = MomentField(required=False)
    lines = OrderLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    discounts = DiscountBody(many=True, default=list, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]
    tender_type = Text(
        limits.SHORT_CODE, optional=True, help_text="By which all of it would be paid: cash may be rounded"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_own_ids(attrs["lines"])
        return attrs


class AddTendersBody(ApprovableBody):
    tenders = TenderBody(many=True, allow_empty=False, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]


class RefundBody(Body):
    """Money to give back: against a tender, or against those of a type. One may leave its amount out for the rest."""

    tender_id = serializers.UUIDField(required=False)
    type = Text(limits.SHORT_CODE, optional=True, help_text="The code of a tender type")
    amount = MoneyField(lowest=1, required=False)
    reference = Reference(help_text="That the terminal gave")


class VoidBody(ApprovableBody):
    reason = Text(limits.REASON)
    refunds = RefundBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]


class OrderQuery(DocumentQuery):
    receipt = ReceiptName("R1-000018")
    receipt_number = WholeNumber(required=False, max_value=limits.LARGEST_NUMBER, help_text="Of whatever register")
    status = Choice(Order.Status.values, required=False)


A_MUG = {
    "id": "019ac8f0-5a70-7c3e-9d41-6f1f3a0c2b11",
    "occurred_at": "2026-11-23T12:00:00Z",
    "lines": [{"sku": "MUG-01", "quantity": "2"}],
    "tenders": [{"type": "cash", "amount": {"amount": 3000, "currency": "EUR"}}],
    "customer_email": "ada@example.com",
}
