"""Orders: rung up in one call, paid with further tenders, voided, shown, printed."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema_field, extend_schema_serializer
from rest_framework import generics, serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.keys import fingerprint_of
from events.idempotency.requests import REPLAYED, idempotent
from kernel import limits
from kernel.ids import new_id
from kernel.refusals import NotFound
from pos.cash.services import ShiftNotOpen
from pos.orders.lines import LinesInvalid, OrderLineInput
from pos.orders.models import Order, OrderLine, Tender
from pos.orders.queries import lines_of_order, orders
from pos.orders.receipts import receipt_of
from pos.orders.services import (
    OrderExists,
    OrderNotEditable,
    OtherCurrency,
    add_tenders,
    place_order,
    void_order,
)
from pos.orders.tenders import TenderInput, TenderMismatch
from pos.receipts.text import receipt_text
from pos.registers.models import Device
from web.fields import MailAddress, MomentField, QuantityField, Text, UUIDv7Field
from web.inputs import Body
from web.money import InOwnCurrency, MoneyField, money
from web.operations import operation
from web.pages import WeighedPages
from web.terminal import terminal_of


class OrderLineBody(Body):
    """Name one of `variant_id`, `barcode`, `sku`; or a service by `description`, `unit_price` and `tax_name`."""

    renamed = {"tax_rate": "tax_name"}

    id = UUIDv7Field(required=False)
    variant_id = serializers.UUIDField(required=False)
    barcode = Text(limits.CODE, optional=True)
    sku = Text(limits.CODE, optional=True)
    description = Text(limits.TITLE, optional=True)
    quantity = QuantityField()
    unit_price = MoneyField(required=False)
    tax_name = Text(limits.TAX_NAME, optional=True, source="tax_rate", help_text="Of a service: the tax rate's name")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in ("variant_id", "barcode", "sku") if attrs.get(name)]
        if len(named) > 1:
            message = f"Name the goods once, not by {' and '.join(named)}."
            raise serializers.ValidationError(message)
        if not named and not (attrs["description"] and "unit_price" in attrs and attrs["tax_rate"]):
            raise serializers.ValidationError(
                "Name a variant_id, barcode or sku, or a service by description, unit_price and tax_name."
            )
        return attrs


class TenderBody(Body):
    id = UUIDv7Field(required=False)
    type = Text(
        limits.SHORT_CODE,
        help_text="The code of one of the shop's tender types: at first `cash`, `card` (charged at the terminal"
        " already), `gateway` (charged by the backend) and `account`",
    )
    amount = MoneyField(lowest=1)
    reference = Text(limits.REFERENCE, optional=True)
    card_token = Text(
        limits.REFERENCE,
        optional=True,
        help_text="The gateway's, for a type whose card the backend charges (`gateway`), and for no other",
    )


class PlaceOrderBody(Body):
    id = UUIDv7Field()
    occurred_at = MomentField()
    lines = OrderLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    tenders = TenderBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]
    customer_email = MailAddress()
    note = Text(limits.NOTE, optional=True, lines=True)


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


@extend_schema_serializer(deprecate_fields=["register", "shift"])
class OrderSerializer(InOwnCurrency, serializers.ModelSerializer[Order]):
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
            "id", "status", "register_id", "shift_id", "register", "shift", "receipt", "receipt_number",
            "currency", "subtotal", "tax_total", "total", "change_total", "due", "customer_email", "note",
            "occurred_at", "completed_at", "lines", "tenders",
        )  # fmt: skip

    @extend_schema_field(MoneyField(read_only=True))
    def get_due(self, order: Order) -> dict[str, Any]:
        settled = sum(tender.paid for tender in order.tenders.all() if tender.state == Tender.State.SETTLED)
        return money(order.total - settled, order.currency)


def shown(order_id: UUID) -> Any:
    order = generics.get_object_or_404(orders(), id=order_id)
    return OrderSerializer(order).data


def paying_of(data: list[dict[str, Any]]) -> list[TenderInput]:
    return [TenderInput(**{"id": new_id(), **given}) for given in data]


A_MUG = {
    "id": "019ac8f0-5a70-7c3e-9d41-6f1f3a0c2b11",
    "occurred_at": "2026-11-23T12:00:00Z",
    "lines": [{"sku": "MUG-01", "quantity": "2"}],
    "tenders": [{"type": "cash", "amount": {"amount": 3000, "currency": "EUR"}}],
    "customer_email": "ada@example.com",
}


class OrderPages(WeighedPages):
    nested = lines_of_order()
    most_nested = limits.MOST_LINES_ON_PAGE


class OrderListView(generics.GenericAPIView[Order]):
    queryset = Order.objects.none()
    serializer_class = OrderSerializer
    pagination_class = OrderPages

    @operation(
        "place_order",
        body=PlaceOrderBody,
        answers={201: OrderSerializer},
        refuses=[OrderExists, ShiftNotOpen, LinesInvalid, TenderMismatch],
        keyed=True,
        example=A_MUG,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Ring up an order. With tenders that cover it, it is completed and has its receipt number.

        The order's id is made by the terminal and remains its key: the same request again, under whatever
        Idempotency-Key, gets the same order.
        """

        def place(fingerprint: str) -> Response:
            device = Device.objects.select_related("register__location").get(id=terminal_of(request).device_id)
            order = place_order(
                id=asked["id"],
                register=device.register,
                device=device,
                lines=[OrderLineInput(**{"id": new_id(), **line}) for line in asked["lines"]],
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

    @operation("list_orders", answers=OrderSerializer(many=True), paged=True)
    def get(self, _request: Request) -> Response:
        """List the shop's orders, by their ids, the earliest first. A page ends early at 2,000 lines in all."""
        page = self.paginate_queryset(orders())
        return self.get_paginated_response(OrderSerializer(page or [], many=True).data)


def _answered_before(exists: OrderExists, request: Request) -> Response:
    """Answer the order that exists, when this request is the one that placed it."""
    fingerprint = fingerprint_of(str(request.method), request.path, request.data)
    if Order.objects.filter(id=exists.order_id, fingerprint=fingerprint).exists():
        return Response(shown(exists.order_id), status=201, headers={REPLAYED: "true"})
    raise exists


class OrderView(APIView):
    @operation("get_order", answers=OrderSerializer)
    def get(self, _request: Request, order_id: UUID) -> Response:
        return Response(shown(order_id))


class AddTendersBody(Body):
    tenders = TenderBody(many=True, allow_empty=False, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]


class OrderTendersView(APIView):
    @operation(
        "add_tenders",
        body=AddTendersBody,
        answers={201: OrderSerializer},
        refuses=[NotFound, OrderNotEditable, TenderMismatch, OtherCurrency],
        keyed=True,
        example={"tenders": [{"type": "cash", "amount": {"amount": 2500, "currency": "EUR"}}]},
    )
    def post(self, request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
        """Take further tenders for an order; it is completed when they settle it."""

        def add(_fingerprint: str) -> Response:
            add_tenders(
                order_id=order_id,
                currency=terminal_of(request).currency,
                tenders=paying_of(asked["tenders"]),
                now=timezone.now(),
            )
            return Response(shown(order_id), status=201)

        return idempotent(request, "tenders", add)


class VoidBody(Body):
    reason = Text(limits.REASON)


class OrderVoidView(APIView):
    @operation(
        "void_order",
        body=VoidBody,
        answers={200: OrderSerializer},
        refuses=[NotFound, OrderNotEditable],
        keyed=True,
        example={"reason": "The customer changed their mind"},
    )
    def post(self, request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
        """Give up an order that is not completed; a card that was charged for it gets its money back."""

        def void(_fingerprint: str) -> Response:
            void_order(order_id=order_id, reason=asked["reason"])
            return Response(shown(order_id))

        return idempotent(request, "voids", void)


class TextRenderer(BaseRenderer):
    media_type = "text/plain"
    format = "txt"

    def render(self, data: Any, *_arguments: Any, **_options: Any) -> bytes:
        text: str = data["text"]
        return text.encode()


class ReceiptSerializer(serializers.Serializer[Any]):
    receipt = serializers.CharField()
    text = serializers.CharField()


class OrderReceiptView(APIView):
    renderer_classes = (JSONRenderer, TextRenderer)

    @operation(
        "get_receipt",
        answers={
            (200, "application/json"): ReceiptSerializer,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
        },
        refuses=[OrderNotEditable],
    )
    def get(self, _request: Request, order_id: UUID) -> Response:
        """Show the receipt of a completed order, as JSON or as text of 42 columns."""
        order = generics.get_object_or_404(orders(), id=order_id)
        if order.receipt_number is None:
            message = f"order {order.id} is {order.status.lower()}: it has no receipt"
            raise OrderNotEditable(message)
        settled = [tender for tender in order.tenders.all() if tender.state == Tender.State.SETTLED]
        text = receipt_text(receipt_of(order, list(order.lines.all()), settled))
        return Response({"receipt": order.receipt, "text": text})
