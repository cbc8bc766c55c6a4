"""Orders: rung up in one call, paid with further tenders, voided, shown, printed."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema
from rest_framework import generics, serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api.idempotent import REPLAYED, idempotent
from events.idempotency import fingerprint_of
from kernel.api.fields import MomentField, QuantityField, UUIDv7Field
from kernel.api.money import MoneyField, money
from kernel.api.pages import Pages
from kernel.api.terminal import terminal_of
from kernel.ids import new_id
from pos.models import Device, Order, OrderLine, Tender
from pos.queries import orders
from pos.receipts import receipt_text
from pos.services.orders import Asked, OrderExists, OrderNotEditable, add_tenders, place_order, void_order
from pos.services.tenders import Paying

MOST_LINES = 1000


class AskedSerializer(serializers.Serializer[Any]):
    """Name one of `variant_id`, `barcode`, `sku`; or a service by `description`, `unit_price` and `tax_rate`."""

    id = UUIDv7Field(required=False)
    variant_id = serializers.UUIDField(required=False)
    barcode = serializers.CharField(max_length=64, default="")
    sku = serializers.CharField(max_length=64, default="")
    description = serializers.CharField(max_length=400, default="")
    quantity = QuantityField()
    unit_price = MoneyField(required=False)
    tax_rate = serializers.CharField(max_length=100, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in ("variant_id", "barcode", "sku") if attrs.get(name)]
        if len(named) > 1:
            message = f"Name the goods once, not by {' and '.join(named)}."
            raise serializers.ValidationError(message)
        if not named and not (attrs["description"] and "unit_price" in attrs and attrs["tax_rate"]):
            raise serializers.ValidationError(
                "Name a variant_id, barcode or sku, or a service by description, unit_price and tax_rate."
            )
        return attrs


class PayingSerializer(serializers.Serializer[Any]):
    id = UUIDv7Field(required=False)
    type = serializers.CharField(max_length=20)  # type: ignore[call-arg]
    amount = MoneyField(lowest=1)
    reference = serializers.CharField(max_length=100, default="")
    card_token = serializers.CharField(max_length=100, default="")


class PlaceOrderSerializer(serializers.Serializer[Any]):
    id = UUIDv7Field()
    occurred_at = MomentField()
    lines = AskedSerializer(many=True, allow_empty=False, max_length=MOST_LINES)  # type: ignore[call-arg]
    tenders = PayingSerializer(many=True, default=list, max_length=20)  # type: ignore[call-arg]
    customer_email = serializers.EmailField(default="", allow_blank=True, max_length=254)
    note = serializers.CharField(max_length=500, default="", allow_blank=True)


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    unit_price = MoneyField(read_only=True)
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    returned_total = MoneyField(read_only=True)

    class Meta:
        model = OrderLine
        fields = (
            "id", "number", "variant_id", "sku", "description", "quantity", "unit_price", "tax_name", "tax_rate",
            "tax_inclusive", "tax_total", "total", "returned_quantity", "returned_total",
        )  # fmt: skip


class TenderSerializer(serializers.ModelSerializer[Tender]):
    type = serializers.CharField(source="type.code", read_only=True)
    amount = MoneyField(read_only=True)
    change = MoneyField(read_only=True)
    refunded = MoneyField(read_only=True)

    class Meta:
        model = Tender
        fields = ("id", "number", "type", "state", "amount", "change", "refunded", "reference", "failure")


class OrderSerializer(serializers.ModelSerializer[Order]):
    subtotal = MoneyField(read_only=True)
    tax_total = MoneyField(read_only=True)
    total = MoneyField(read_only=True)
    change_total = MoneyField(read_only=True)
    due = serializers.SerializerMethodField()
    lines = OrderLineSerializer(many=True, read_only=True)
    tenders = TenderSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = (
            "id", "status", "register", "shift", "receipt", "receipt_number", "currency", "subtotal", "tax_total",
            "total", "change_total", "due", "customer_email", "note", "occurred_at", "completed_at", "lines",
            "tenders",
        )  # fmt: skip

    def get_due(self, order: Order) -> dict[str, Any]:
        settled = sum(tender.paid for tender in order.tenders.all() if tender.state == Tender.State.SETTLED)
        return money(order.total - settled, order.currency)


def shown(order_id: UUID) -> Any:
    order = generics.get_object_or_404(orders(), id=order_id)
    return OrderSerializer(order, context={"currency": order.currency}).data


def paying_of(data: list[dict[str, Any]]) -> list[Paying]:
    return [Paying(**{"id": new_id(), **given}) for given in data]


class OrderListView(generics.GenericAPIView[Order]):
    queryset = Order.objects.none()
    serializer_class = OrderSerializer
    pagination_class = Pages

    @extend_schema(request=PlaceOrderSerializer, responses={201: OrderSerializer}, operation_id="place_order")
    def post(self, request: Request) -> Response:
        """Ring up an order. With tenders that cover it, it is completed and has its receipt number.

        The order's id is made by the terminal and is its key for ever: the same request again, under whatever
        Idempotency-Key, gets the same order.
        """
        serializer = PlaceOrderSerializer(data=request.data, context={"currency": terminal_of(request).currency})
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data

        def place(fingerprint: str) -> Response:
            device = Device.objects.select_related("register__location").get(id=terminal_of(request).device_id)
            order = place_order(
                id=asked["id"],
                register=device.register,
                device=device,
                lines=[Asked(**{"id": new_id(), **line}) for line in asked["lines"]],
                tenders=paying_of(asked["tenders"]),
                occurred_at=asked["occurred_at"],
                now=timezone.now(),
                fingerprint=fingerprint,
                customer_email=asked["customer_email"],
                note=asked["note"],
            )
            return Response(shown(order.id), status=201)

        try:
            return idempotent(request, "orders", place)
        except OrderExists as exists:
            return _answered_before(exists, request)

    @extend_schema(operation_id="list_orders", responses=OrderSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the shop's orders, by their ids: the earliest first."""
        page = self.paginate_queryset(orders())
        context = {"currency": terminal_of(request).currency}
        return self.get_paginated_response(OrderSerializer(page or [], many=True, context=context).data)


def _answered_before(exists: OrderExists, request: Request) -> Response:
    """Answer the order that exists, when this request is the one that placed it."""
    fingerprint = fingerprint_of(str(request.method), request.path, request.data)
    if Order.objects.filter(id=exists.order_id, fingerprint=fingerprint).exists():
        return Response(shown(exists.order_id), status=201, headers={REPLAYED: "true"})
    raise exists


class OrderView(APIView):
    @extend_schema(responses=OrderSerializer, operation_id="get_order")
    def get(self, _request: Request, order_id: UUID) -> Response:
        return Response(shown(order_id))


class AddTendersSerializer(serializers.Serializer[Any]):
    tenders = PayingSerializer(many=True, allow_empty=False, max_length=20)  # type: ignore[call-arg]


class OrderTendersView(APIView):
    @extend_schema(request=AddTendersSerializer, responses={201: OrderSerializer}, operation_id="add_tenders")
    def post(self, request: Request, order_id: UUID) -> Response:
        """Take further tenders for an order; it is completed when they settle it."""
        serializer = AddTendersSerializer(data=request.data, context={"currency": terminal_of(request).currency})
        serializer.is_valid(raise_exception=True)

        def add(_fingerprint: str) -> Response:
            tenders = paying_of(serializer.validated_data["tenders"])
            add_tenders(order_id=order_id, tenders=tenders, now=timezone.now())
            return Response(shown(order_id), status=201)

        return idempotent(request, "tenders", add)


class VoidSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200)


class OrderVoidView(APIView):
    @extend_schema(request=VoidSerializer, responses={200: OrderSerializer}, operation_id="void_order")
    def post(self, request: Request, order_id: UUID) -> Response:
        """Give up an order that is not completed; a card that was charged for it gets its money back."""
        serializer = VoidSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)

        def void(_fingerprint: str) -> Response:
            void_order(order_id=order_id, reason=serializer.validated_data["reason"])
            return Response(shown(order_id))

        return idempotent(request, "voids", void)


class TextRenderer(BaseRenderer):
    media_type = "text/plain"
    format = "txt"

    def render(self, data: Any, *_arguments: Any, **_options: Any) -> bytes:
        text = data["text"] if isinstance(data, dict) and "text" in data else str(data)
        return text.encode()


class ReceiptSerializer(serializers.Serializer[Any]):
    receipt = serializers.CharField()
    text = serializers.CharField()


class OrderReceiptView(APIView):
    renderer_classes = (JSONRenderer, TextRenderer)

    @extend_schema(
        responses={
            (200, "application/json"): ReceiptSerializer,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
        },
        operation_id="get_receipt",
    )
    def get(self, _request: Request, order_id: UUID) -> Response:
        """Show the receipt of a completed order, as JSON or as text of 42 columns."""
        order = generics.get_object_or_404(orders(), id=order_id)
        if order.receipt_number is None:
            message = f"order {order.id} is {order.status.lower()}: it has no receipt"
            raise OrderNotEditable(message)
        settled = [tender for tender in order.tenders.all() if tender.state == Tender.State.SETTLED]
        return Response({"receipt": order.receipt, "text": receipt_text(order, list(order.lines.all()), settled)})
