"""Orders as they are answered."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from pos.exceptions.models import ExceptionCase, HeldCommand
from pos.orders.models import Order, OrderLine, OrderLineTax, Tender
from web.money import InOwnCurrency, MoneyField, UnitPriceField, money


class HeldSerializer(serializers.Serializer[Any]):
    """A paid sale that is held until a person decides."""

    id = serializers.UUIDField()
    result = serializers.ChoiceField(["quarantined"])
    status = serializers.ChoiceField(HeldCommand.State.values)
    reason = serializers.CharField(help_text="The code of the refusal that it would have got")
    detail = serializers.CharField()
    amount = MoneyField(read_only=True, help_text="What was taken for it, less change")
    received_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()


class OpenedExceptionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ExceptionCase.Kind.choices)
    severity = serializers.ChoiceField(ExceptionCase.Severity.choices)


class DiscountSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    percent = serializers.CharField(allow_null=True)
    amount = MoneyField(read_only=True, help_text="What it took off")


class LineTaxSerializer(serializers.ModelSerializer[OrderLineTax]):
    base = MoneyField(read_only=True)
    amount = MoneyField(read_only=True)

    class Meta:
        model = OrderLineTax
        fields = ("code", "name", "rate", "inclusive", "base", "amount")


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    list_price = UnitPriceField(read_only=True, allow_null=True)
    unit_price = UnitPriceField(read_only=True)
    gross = MoneyField(read_only=True)
    line_discount = MoneyField(read_only=True)
    order_discount_share = MoneyField(read_only=True)
    discounts = DiscountSerializer(many=True, read_only=True)
    taxes = LineTaxSerializer(many=True, read_only=True)
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    returned_total = MoneyField(read_only=True)

    class Meta:
        model = OrderLine
        fields = (
            "id", "number", "variant_id", "sku", "description", "quantity", "price_list_id", "list_price",
            "price_source", "unit_price", "gross", "line_discount", "order_discount_share", "discounts", "tax_name",
            "tax_rate", "tax_inclusive", "taxes", "tax_total", "total", "returned_quantity", "returned_total",
        )  # fmt: skip


class TenderSerializer(serializers.ModelSerializer[Tender]):
    type = serializers.CharField(source="type.code", read_only=True)
    amount = MoneyField(read_only=True)
    change = MoneyField(read_only=True)
    refunded = MoneyField(read_only=True)

    class Meta:
        model = Tender
        fields = ("id", "number", "type", "state", "amount", "change", "refunded", "reference", "failure")


@extend_schema_serializer(deprecate_fields=["register", "shift"])
class OrderSerializer(InOwnCurrency, serializers.ModelSerializer[Order]):
    exceptions = OpenedExceptionSerializer(many=True, read_only=True, help_text="With which it was accepted")
    discounts = DiscountSerializer(many=True, read_only=True)
    discount_total = MoneyField(read_only=True)
    subtotal = MoneyField(read_only=True)
    tax_total = MoneyField(read_only=True)
    rounding_adjustment = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    change_total = MoneyField(read_only=True)
    due = serializers.SerializerMethodField()
    lines = OrderLineSerializer(many=True, read_only=True)
    tenders = TenderSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = (
            "id", "status", "exceptions", "register_id", "shift_id", "register", "shift", "origin", "device_sequence",
            "receipt", "receipt_number", "receipt_id", "currency", "price_list_id", "rounding_level", "discounts",
            "discount_total", "subtotal", "tax_total", "rounding_adjustment", "total", "change_total", "due",
            "customer_email", "note", "training", "occurred_at", "reported_at",
            "business_date", "voided_at", "void_reason", "completed_at", "exchange_return_id", "lines",
            "tenders",
        )  # fmt: skip

    @extend_schema_field(MoneyField(read_only=True))
    def get_due(self, order: Order) -> dict[str, Any]:
        settled = sum(tender.paid for tender in order.tenders.all() if tender.state == Tender.State.SETTLED)
        return money(order.total - settled, order.currency)


class QuoteSerializer(InOwnCurrency, serializers.ModelSerializer[Order]):
    discounts = DiscountSerializer(many=True, read_only=True)
    discount_total = MoneyField(read_only=True)
    subtotal = MoneyField(read_only=True)
    tax_total = MoneyField(read_only=True)
    rounding_adjustment = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    lines = OrderLineSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = (
            "currency", "price_list_id", "rounding_level", "discounts", "discount_total", "subtotal", "tax_total",
            "rounding_adjustment", "total", "occurred_at", "lines",
        )  # fmt: skip


class ReceiptSerializer(serializers.Serializer[Any]):
    receipt = serializers.CharField()
    text = serializers.CharField()
