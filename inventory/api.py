"""How terminals and back offices reach the stockroom; always that of the terminal's own location."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid5

from django.urls import path
from django.utils import timezone
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from inventory.models import StockItem, StockMovement
from inventory.queries import movements_at, stock_at
from inventory.services import (
    DocumentExists,
    Source,
    StockMove,
    UnknownVariants,
    VariantsNotHeardOf,
    adjust_stock,
    receive_goods,
)
from kernel import limits
from staff.duty.permitting import REFUSALS
from web.commands import ApprovableBody, command_of
from web.fields import MomentField, QuantityField, Text, UUIDv7Field
from web.goods import GoodsBody, GoodsUnknown, with_variants
from web.inputs import Query
from web.operations import operation
from web.pages import Pages
from web.places import place_of
from web.scopes import STOCK_READ, STOCK_WRITE


class StockQuery(Query):
    renamed = {"variant": "variant_id"}

    variant_id = serializers.UUIDField(required=False, default=None)


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
            "staff_id",
        )  # fmt: skip


class StockView(generics.GenericAPIView[StockItem]):
    queryset = StockItem.objects.none()
    serializer_class = StockItemSerializer
    pagination_class = Pages

    @operation(
        "list_stock",
        query=StockQuery,
        answers=StockItemSerializer(many=True),
        paged=True,
        scopes=[STOCK_READ],
        at="location",
    )
    def get(self, request: Request, asked: dict[str, Any]) -> Response:
        """List what is on hand at the terminal's location."""
        items = stock_at(location_id=place_of(request).location_id, variant_id=asked["variant_id"])
        return self.get_paginated_response(StockItemSerializer(self.paginate_queryset(items), many=True).data)


class ReceivedLineBody(GoodsBody):
    """Name one of `variant_id`, `barcode`, `sku`."""

    quantity = QuantityField(help_text="Of a barcode that stands for several pieces, as on a pack: how many packs")


class AdjustedLineBody(GoodsBody):
    """Name one of `variant_id`, `barcode`, `sku`."""

    quantity = QuantityField(min_value=-limits.LARGEST_QUANTITY, help_text="Found is positive, lost negative")
    reason = Text(limits.REASON)

    def validate_quantity(self, value: Any) -> Any:
        if value == 0:
            raise serializers.ValidationError("An adjustment of nothing is none.")
        return value


class GoodsReceiptBody(ApprovableBody):
    id = UUIDv7Field()
    occurred_at = MomentField(required=False)
    lines = ReceivedLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]


class StockAdjustmentBody(ApprovableBody):
    id = UUIDv7Field()
    occurred_at = MomentField(required=False)
    lines = AdjustedLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]


class PostedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    movements = StockMovementSerializer(many=True)


Post = Callable[..., Sequence[StockMovement]]
REFUSES = (DocumentExists, GoodsUnknown, UnknownVariants, VariantsNotHeardOf)


def post_document(request: Request, asked: dict[str, Any], *, source_type: str, service: Post) -> Response:
    """Post a document's lines to the ledger of the terminal's location, once."""
    source = Source(
        type=source_type,
        id=asked["id"],
        location_id=place_of(request).location_id,
        occurred_at=asked.get("occurred_at") or timezone.now(),
    )
    with claimed(request, source_type) as claim:
        if claim.is_new:
            lines = enumerate(with_variants(asked["lines"]), start=1)
            moved = [StockMove(line=uuid5(asked["id"], str(n)), **line) for n, line in lines]
            movements = service(source=source, moved=moved, command=command_of(request, asked))
            shown = StockMovementSerializer(movements, many=True).data
            claim.answer({"id": str(asked["id"]), "movements": shown}, status=201)
    return claim.response


class GoodsReceiptView(APIView):
    @operation(
        "receive_goods",
        body=GoodsReceiptBody,
        answers={201: PostedSerializer},
        refuses=[*REFUSES, *REFUSALS],
        keyed=True,
        scopes=[STOCK_WRITE],
        at="location",
        example={
            "id": "019ac8f4-7d20-7e44-a1b7-53c9d8e0f213",
            "lines": [{"variant_id": "019ac8e1-2f60-7a90-8c11-0d4b7e2a9f35", "quantity": "24"}],
        },
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take delivered goods into stock at the terminal's location."""
        return post_document(request, asked, source_type="goods_receipt", service=receive_goods)


class StockAdjustmentView(APIView):
    @operation(
        "adjust_stock",
        body=StockAdjustmentBody,
        answers={201: PostedSerializer},
        refuses=[*REFUSES, *REFUSALS],
        keyed=True,
        scopes=[STOCK_WRITE],
        at="location",
        example={
            "id": "019ac8f6-3e80-7d19-b2f4-7a61c5d0e824",
            "lines": [
                {
                    "variant_id": "019ac8e1-2f60-7a90-8c11-0d4b7e2a9f35",
                    "quantity": "-1",
                    "reason": "Broken on the shelf",
                }
            ],
        },
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Correct the stock at the terminal's location, with a reason for each line."""
        return post_document(request, asked, source_type="adjustment", service=adjust_stock)


class StockMovementsView(generics.GenericAPIView[StockMovement]):
    queryset = StockMovement.objects.none()
    serializer_class = StockMovementSerializer
    pagination_class = Pages

    @operation(
        "list_stock_movements",
        query=StockQuery,
        answers=StockMovementSerializer(many=True),
        paged=True,
        scopes=[STOCK_READ],
        at="location",
    )
    def get(self, request: Request, asked: dict[str, Any]) -> Response:
        """List the ledger of the terminal's location, the earliest movement first."""
        found = movements_at(location_id=place_of(request).location_id, variant_id=asked["variant_id"])
        return self.get_paginated_response(StockMovementSerializer(self.paginate_queryset(found), many=True).data)


urlpatterns = [
    path("stock", StockView.as_view()),
    path("stock-movements", StockMovementsView.as_view()),
    path("goods-receipts", GoodsReceiptView.as_view()),
    path("stock-adjustments", StockAdjustmentView.as_view()),
]
