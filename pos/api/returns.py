"""Returns: of an order's lines, or of goods without a receipt."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api.idempotent import REPLAYED, idempotent
from events.idempotency import fingerprint_of
from kernel.api.fields import MomentField, QuantityField, UUIDv7Field
from kernel.api.money import MoneyField
from kernel.api.terminal import terminal_of
from kernel.ids import new_id
from pos.api.orders import MOST_LINES
from pos.models import Refund, Register, Return, ReturnLine
from pos.services.returns import ReturnExists, Returning, complete_return


class ReturningSerializer(serializers.Serializer[Any]):
    """With an order: `order_line_id`. Without: `sku` or `description`, and `unit_price` (and `tax_rate`)."""

    id = UUIDv7Field(required=False)
    order_line_id = serializers.UUIDField(required=False)
    sku = serializers.CharField(max_length=64, default="")
    description = serializers.CharField(max_length=400, default="")
    unit_price = MoneyField(default=0)
    tax_rate = serializers.CharField(max_length=100, default="")
    quantity = QuantityField()
    restock = serializers.BooleanField(default=True, help_text="Whether the goods can be sold again")


class CompleteReturnSerializer(serializers.Serializer[Any]):
    id = UUIDv7Field()
    order_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    occurred_at = MomentField()
    lines = ReturningSerializer(many=True, allow_empty=False, max_length=MOST_LINES)  # type: ignore[call-arg]
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)
    refund_to = serializers.CharField(max_length=20, default="cash", help_text="For a return without an order")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for line in attrs["lines"]:
            if attrs["order_id"] and "order_line_id" not in line:
                raise serializers.ValidationError("Every line of a return with an order names its order_line_id.")
            if not attrs["order_id"] and "order_line_id" in line:
                raise serializers.ValidationError("An order_line_id needs the order_id.")
        return attrs


class ReturnLineSerializer(serializers.ModelSerializer[ReturnLine]):
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)

    class Meta:
        model = ReturnLine
        fields = ("id", "order_line", "variant_id", "sku", "description", "quantity", "restock", "tax_total", "total")


class RefundSerializer(serializers.ModelSerializer[Refund]):
    type = serializers.CharField(source="type.code", read_only=True)
    amount = MoneyField(read_only=True)

    class Meta:
        model = Refund
        fields = ("id", "tender", "type", "amount")


class ReturnSerializer(serializers.ModelSerializer[Return]):
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    lines = ReturnLineSerializer(many=True, read_only=True)
    refunds = RefundSerializer(many=True, read_only=True)

    class Meta:
        model = Return
        fields = (
            "id", "order", "register", "receipt", "number", "currency", "tax_total", "total", "reason",
            "occurred_at", "lines", "refunds",
        )  # fmt: skip


def shown(return_id: UUID) -> Any:
    returns = Return.objects.select_related("register").prefetch_related("lines", "refunds__type")
    found = generics.get_object_or_404(returns, id=return_id)
    return ReturnSerializer(found, context={"currency": found.currency}).data


class ReturnListView(APIView):
    @extend_schema(request=CompleteReturnSerializer, responses={201: ReturnSerializer}, operation_id="complete_return")
    def post(self, request: Request) -> Response:
        """Take goods back and give their money back, to the tenders of the order where it is named."""
        terminal = terminal_of(request)
        serializer = CompleteReturnSerializer(data=request.data, context={"currency": terminal.currency})
        serializer.is_valid(raise_exception=True)
        asked = {**serializer.validated_data}
        lines = [Returning(**{"id": new_id(), **line}) for line in asked.pop("lines")]

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
    @extend_schema(responses=ReturnSerializer, operation_id="get_return")
    def get(self, _request: Request, return_id: UUID) -> Response:
        return Response(shown(return_id))
