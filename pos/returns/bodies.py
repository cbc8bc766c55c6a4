"""What is sent of returns."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from kernel import limits
from pos.orders.bodies import RefundBody
from web.commands import ApprovableBody
from web.fields import QuantityField, ReceiptName, ReportedMomentField, Text, UUIDv7Field, WholeNumber
from web.finding import DocumentQuery
from web.goods import GoodsBody
from web.inputs import Body, require_own_ids
from web.money import UnitPriceField


class ReturnLineBody(GoodsBody):
    """With an order: `order_line_id`. Without: the `unit_price`, and one of `variant_id`, `barcode` and `sku`; or a
    service by `description` and `tax_name`.
    """

    renamed = {"tax_rate": "tax_name"}

    otherwise = ", or a service by description and tax_name; or with the order an order_line_id"

    id = UUIDv7Field(required=False)
    order_line_id = serializers.UUIDField(required=False)
    description = Text(limits.TITLE, optional=True)
    unit_price = UnitPriceField(required=False, help_text="Of goods without a receipt, which need one")
    tax_name = Text(limits.TAX_NAME, optional=True, source="tax_rate", help_text="Of a service: the tax rate's name")
    quantity = QuantityField()
    restock = serializers.BooleanField(default=True, help_text="Whether the goods can be sold again")
    reason_code = Text(
        limits.SHORT_CODE, optional=True, help_text="Why, in a code of the shop: reports of refunds add up by it"
    )

    def names_otherwise(self, attrs: Mapping[str, Any]) -> bool:
        return "order_line_id" in attrs or bool(attrs["description"] and attrs["tax_rate"])


class ReturnedBody(Body):
    order_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    lines = ReturnLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for line in attrs["lines"]:
            if attrs["order_id"] and "order_line_id" not in line:
                raise serializers.ValidationError("Every line of a return with an order names its order_line_id.")
            if not attrs["order_id"] and "order_line_id" in line:
                raise serializers.ValidationError("An order_line_id needs the order_id.")
        return attrs


class ReturnBody(ReturnedBody):
    id = UUIDv7Field()
    reason = Text(limits.REASON, optional=True)
    reason_code = Text(limits.SHORT_CODE, optional=True, help_text="Of the lines that name none")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        code = attrs.pop("reason_code", "")
        for line in attrs["lines"]:
            line["reason_code"] = line.get("reason_code") or code
        return super().validate(attrs)


class PaidBackBody(Body):
    refund_to = Text(
        limits.SHORT_CODE,
        default="cash",
        help_text="For a return without an order and without `refunds`: a tender type",
    )
    refunds = RefundBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]


class CompleteReturnBody(ApprovableBody, PaidBackBody, ReturnBody):
    occurred_at = ReportedMomentField()


class QuoteReturnBody(PaidBackBody, ReturnedBody):
    """As of a return, but for its id, its reason and its time."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_own_ids(attrs["lines"])
        return super().validate(attrs)


class ReturnQuery(DocumentQuery):
    receipt = ReceiptName("R1-R000007")
    number = WholeNumber(required=False, max_value=limits.LARGEST_NUMBER, help_text="Of whatever register")
    order_id = serializers.UUIDField(required=False)
