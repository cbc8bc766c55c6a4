"""Returns: of an order's lines, or of goods without a receipt."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.keys import fingerprint_of
from events.idempotency.requests import REPLAYED, idempotent
from kernel import limits
from kernel.ids import new_id
from kernel.refusals import NotFound
from pos.cash.services import ShiftNotOpen
from pos.orders.lines import LinesInvalid
from pos.orders.services import OtherCurrency
from pos.registers.models import Register
from pos.returns.models import Refund, Return, ReturnLine
from pos.returns.services import (
    OrderNotCompleted,
    RefundExceedsPaid,
    RefundExceedsQuantity,
    ReturnExists,
    ReturnLineInput,
    complete_return,
)
from web.fields import MomentField, QuantityField, Text, UUIDv7Field
from web.inputs import Body
from web.money import InOwnCurrency, MoneyField
from web.operations import operation
from web.terminal import terminal_of


class ReturnLineBody(Body):
    """With an order: `order_line_id`. Without: `sku`, or `description` and `tax_name`; and `unit_price`."""

    renamed = {"tax_rate": "tax_name"}

    id = UUIDv7Field(required=False)
    order_line_id = serializers.UUIDField(required=False)
    sku = Text(limits.CODE, optional=True)
    description = Text(limits.TITLE, optional=True)
    unit_price = MoneyField(required=False, default=int, help_text="0 when left out")
    tax_name = Text(limits.TAX_NAME, optional=True, source="tax_rate", help_text="Of a service: the tax rate's name")
    quantity = QuantityField()
    restock = serializers.BooleanField(default=True, help_text="Whether the goods can be sold again")


class CompleteReturnBody(Body):
    id = UUIDv7Field()
    order_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    occurred_at = MomentField()
    lines = ReturnLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    reason = Text(limits.REASON, optional=True)
    refund_to = Text(limits.SHORT_CODE, default="cash", help_text="For a return without an order: a tender type")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for line in attrs["lines"]:
            if attrs["order_id"] and "order_line_id" not in line:
                raise serializers.ValidationError("Every line of a return with an order names its order_line_id.")
            if not attrs["order_id"] and "order_line_id" in line:
                raise serializers.ValidationError("An order_line_id needs the order_id.")
        return attrs


@extend_schema_serializer(deprecate_fields=["order_line"])
class ReturnLineSerializer(serializers.ModelSerializer[ReturnLine]):
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)

    class Meta:
        model = ReturnLine
        fields = (
            "id", "order_line_id", "order_line", "variant_id", "sku", "description", "quantity", "restock", "tax_total",
            "total",
        )  # fmt: skip


@extend_schema_serializer(deprecate_fields=["tender"])
class RefundSerializer(serializers.ModelSerializer[Refund]):
    type = serializers.CharField(source="type.code", read_only=True)
    amount = MoneyField(read_only=True)

    class Meta:
        model = Refund
        fields = ("id", "tender_id", "tender", "type", "amount")


@extend_schema_serializer(deprecate_fields=["order", "register"])
class ReturnSerializer(InOwnCurrency, serializers.ModelSerializer[Return]):
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    lines = ReturnLineSerializer(many=True, read_only=True)
    refunds = RefundSerializer(many=True, read_only=True)

    class Meta:
        model = Return
        fields = (
            "id", "order_id", "register_id", "order", "register", "receipt", "number", "currency", "tax_total",
            "total", "reason", "occurred_at", "lines", "refunds",
        )  # fmt: skip


def shown(return_id: UUID) -> Any:
    returns = Return.objects.select_related("register").prefetch_related("lines", "refunds__type")
    found = generics.get_object_or_404(returns, id=return_id)
    return ReturnSerializer(found).data


A_MUG = {
    "id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02",
    "occurred_at": "2026-11-23T12:05:00Z",
    "lines": [{"sku": "MUG-01", "unit_price": {"amount": 1250, "currency": "EUR"}, "quantity": "1"}],
    "reason": "A crack in the handle",
    "refund_to": "cash",
}


class ReturnListView(APIView):
    @operation(
        "complete_return",
        body=CompleteReturnBody,
        answers={201: ReturnSerializer},
        refuses=[
            ReturnExists,
            ShiftNotOpen,
            NotFound,
            OrderNotCompleted,
            RefundExceedsQuantity,
            RefundExceedsPaid,
            LinesInvalid,
            OtherCurrency,
        ],
        keyed=True,
        example=A_MUG,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take goods back and give their money back, to the tenders of the order where it is named."""
        terminal = terminal_of(request)
        lines = [ReturnLineInput(**{"id": new_id(), **line}) for line in asked.pop("lines")]

        def complete(fingerprint: str) -> Response:
            register = Register.objects.select_related("location").get(id=terminal.register_id)
            returned = complete_return(
                **asked, lines=lines, register=register, now=timezone.now(), fingerprint=fingerprint
            )
            return Response(shown(returned.id), status=201)

        try:
            return idempotent(request, "returns", complete)
        except ReturnExists as exists:
            fingerprint = fingerprint_of(str(request.method), request.path, request.data)
            if Return.objects.filter(id=exists.return_id, fingerprint=fingerprint).exists():
                return Response(shown(exists.return_id), status=201, headers={REPLAYED: "true"})
            raise


class ReturnView(APIView):
    @operation("get_return", answers=ReturnSerializer)
    def get(self, _request: Request, return_id: UUID) -> Response:
        return Response(shown(return_id))
