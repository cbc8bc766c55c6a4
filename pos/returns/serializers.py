"""Returns as the API answers them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from pos.orders.models import Refund
from pos.orders.refunds import owed
from pos.returns.models import Return, ReturnLine
from web.money import InOwnCurrency, MoneyField, UnitPriceField, money


class ReturnedTaxSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    rate = serializers.CharField()
    inclusive = serializers.BooleanField()
    base = MoneyField(read_only=True)
    amount = MoneyField(read_only=True)


@extend_schema_serializer(deprecate_fields=["order_line"])
class ReturnLineSerializer(serializers.ModelSerializer[ReturnLine]):
    unit_price = UnitPriceField(read_only=True, allow_null=True)
    taxes = ReturnedTaxSerializer(many=True, read_only=True, allow_null=True)
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)

    class Meta:
        model = ReturnLine
        fields = (
            "id", "order_line_id", "order_line", "variant_id", "sku", "description", "quantity", "unit_price",
            "restock", "reason_code", "taxes", "tax_total", "total",
        )  # fmt: skip


class QuotedReturnSerializer(InOwnCurrency, serializers.ModelSerializer[Return]):
    tax_total = MoneyField(read_only=True)
    rounding_adjustment = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    lines = ReturnLineSerializer(many=True, read_only=True)

    class Meta:
        model = Return
        fields = ("order_id", "currency", "tax_total", "rounding_adjustment", "total", "lines")


@extend_schema_serializer(deprecate_fields=["tender"])
class RefundSerializer(serializers.ModelSerializer[Refund]):
    type = serializers.CharField(source="type.code", read_only=True)
    amount = MoneyField(read_only=True)

    class Meta:
        model = Refund
        fields = ("id", "tender_id", "tender", "type", "amount", "state", "failure", "reference", "instead_of_id")


@extend_schema_serializer(deprecate_fields=["order", "register"])
class ReturnSerializer(InOwnCurrency, serializers.ModelSerializer[Return]):
    tax_total = MoneyField(read_only=True)
    rounding_adjustment = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    owed = serializers.SerializerMethodField(help_text="What was refused and is not paid in another way yet")
    lines = ReturnLineSerializer(many=True, read_only=True)
    refunds = RefundSerializer(many=True, read_only=True)

    class Meta:
        model = Return
        fields = (
            "id", "order_id", "register_id", "order", "register", "receipt", "number", "receipt_id", "currency",
            "tax_total", "rounding_adjustment", "total", "owed", "reason", "exchange_order_id", "occurred_at", "lines",
            "refunds",
        )  # fmt: skip

    @extend_schema_field(MoneyField(read_only=True))
    def get_owed(self, returned: Return) -> dict[str, Any]:
        return money(owed(returned.refunds.all()), returned.currency)
