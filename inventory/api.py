"""How terminals and back offices reach the stockroom; always that of the terminal's own location."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid5

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.idempotent import idempotent
from inventory.models import StockItem, StockMovement
from inventory.queries import movements_at, stock_at
from inventory.services import Moved, Source, adjust_stock, receive_goods
from kernel.api.fields import LARGEST_QUANTITY, MomentField, QuantityField, UUIDv7Field
from kernel.api.pages import Pages
from kernel.api.terminal import terminal_of


class StockQuery(serializers.Serializer[Any]):
    variant = serializers.UUIDField(required=False, default=None)


class StockItemSerializer(serializers.ModelSerializer[StockItem]):
    class Meta:
        model = StockItem
        fields = ("id", "variant_id", "location_id", "sku", "title", "on_hand", "reorder_point", "updated_at")


class StockMovementSerializer(serializers.ModelSerializer[StockMovement]):
    variant_id = serializers.UUIDField(source="item.variant_id", read_only=True)

    class Meta:
        model = StockMovement
        fields = (
            "id", "variant_id", "kind", "quantity", "reason", "source_type", "source_id", "occurred_at", "recorded_at",
        )  # fmt: skip


class StockView(generics.GenericAPIView[StockItem]):
    queryset = StockItem.objects.none()
    serializer_class = StockItemSerializer
    pagination_class = Pages

    @extend_schema(parameters=[StockQuery], operation_id="list_stock", responses=StockItemSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what is on hand at the terminal's location."""
        query = StockQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        items = stock_at(location_id=terminal_of(request).location_id, variant_id=query.validated_data["variant"])
        return self.get_paginated_response(StockItemSerializer(self.paginate_queryset(items), many=True).data)


class ReceivedLine(serializers.Serializer[Any]):
    variant_id = serializers.UUIDField()
    quantity = QuantityField()


class AdjustedLine(serializers.Serializer[Any]):
    variant_id = serializers.UUIDField()
    quantity = QuantityField(min_value=-LARGEST_QUANTITY, help_text="Found is positive, lost negative")
    reason = serializers.CharField(max_length=200)

    def validate_quantity(self, value: Any) -> Any:
        if value == 0:
            raise serializers.ValidationError("An adjustment of nothing is none.")
        return value


class GoodsReceiptSerializer(serializers.Serializer[Any]):
    id = UUIDv7Field()
    occurred_at = MomentField(required=False)
    lines = ReceivedLine(many=True, allow_empty=False, max_length=1000)  # type: ignore[call-arg]


class StockAdjustmentSerializer(serializers.Serializer[Any]):
    id = UUIDv7Field()
    occurred_at = MomentField(required=False)
    lines = AdjustedLine(many=True, allow_empty=False, max_length=1000)  # type: ignore[call-arg]


Post = Callable[..., Sequence[StockMovement]]


class _PostingView(generics.GenericAPIView[StockMovement]):
    """Posts a document's lines to the ledger once."""

    queryset = StockMovement.objects.none()
    source_type: str
    service: Post

    def post(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data

        def posted(_fingerprint: str) -> Response:
            source = Source(
                type=self.source_type,
                id=asked["id"],
                location_id=terminal_of(request).location_id,
                occurred_at=asked.get("occurred_at") or timezone.now(),
            )
            moved = [Moved(line=uuid5(asked["id"], str(n)), **line) for n, line in enumerate(asked["lines"], start=1)]
            movements = type(self).service(source=source, moved=moved)
            shown = StockMovementSerializer(movements, many=True).data
            return Response({"id": str(asked["id"]), "movements": shown}, status=201)

        return idempotent(request, self.source_type, posted)


class PostedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    movements = StockMovementSerializer(many=True)


class GoodsReceiptView(_PostingView):
    serializer_class = GoodsReceiptSerializer
    source_type = "goods_receipt"
    service = staticmethod(receive_goods)

    @extend_schema(operation_id="receive_goods", responses={201: PostedSerializer})
    def post(self, request: Request) -> Response:
        """Take delivered goods into stock at the terminal's location."""
        return super().post(request)


class StockAdjustmentView(_PostingView):
    serializer_class = StockAdjustmentSerializer
    source_type = "adjustment"
    service = staticmethod(adjust_stock)

    @extend_schema(operation_id="adjust_stock", responses={201: PostedSerializer})
    def post(self, request: Request) -> Response:
        """Correct the stock at the terminal's location, with a reason for each line."""
        return super().post(request)


class StockMovementsView(generics.GenericAPIView[StockMovement]):
    queryset = StockMovement.objects.none()
    serializer_class = StockMovementSerializer
    pagination_class = Pages

    @extend_schema(
        parameters=[StockQuery], operation_id="list_stock_movements", responses=StockMovementSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """List the ledger of the terminal's location, the earliest movement first."""
        query = StockQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = movements_at(location_id=terminal_of(request).location_id, variant_id=query.validated_data["variant"])
        return self.get_paginated_response(StockMovementSerializer(self.paginate_queryset(found), many=True).data)


urlpatterns = [
    path("stock", StockView.as_view()),
    path("stock-movements", StockMovementsView.as_view()),
    path("goods-receipts", GoodsReceiptView.as_view()),
    path("stock-adjustments", StockAdjustmentView.as_view()),
]
