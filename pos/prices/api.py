"""Price lists to read: which there are, and what goods cost by them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.refusals import NotFound
from pos.prices.models import PriceEntry, PriceList
from pos.prices.queries import entries_in, find_price_list
from web.inputs import Query
from web.money import UnitPriceField
from web.operations import operation
from web.pages import Pages
from web.scopes import PRICES_READ

LOCAL = {"type": ["string", "null"], "pattern": "^[0-9-]{10}T[0-9:.]{8,15}$", "examples": ["2026-12-01T00:00:00"]}


class PriceListSerializer(serializers.ModelSerializer[PriceList]):
    """`tax_included` is null where the goods' tax rate says it: of the default list, and of those split off it."""

    currency = serializers.SerializerMethodField()
    location_id = serializers.UUIDField(read_only=True, allow_null=True)
    valid_from = serializers.SerializerMethodField()
    valid_to = serializers.SerializerMethodField()

    class Meta:
        model = PriceList
        fields = (
            "id", "name", "currency", "tax_included", "location_id", "valid_from", "valid_to", "priority", "is_default",
        )  # fmt: skip

    @extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$"})
    def get_currency(self, price_list: PriceList) -> str:
        return price_list.currency

    @extend_schema_field(LOCAL)
    def get_valid_from(self, price_list: PriceList) -> str | None:
        """By the clock of the location, without an offset."""
        return _local(price_list.valid_from)

    @extend_schema_field(LOCAL)
    def get_valid_to(self, price_list: PriceList) -> str | None:
        """From this moment on it holds no more."""
        return _local(price_list.valid_to)


class PriceListListView(generics.GenericAPIView[PriceList]):
    queryset = PriceList.objects.all()
    serializer_class = PriceListSerializer
    pagination_class = Pages

    @operation(
        "list_price_lists", answers=PriceListSerializer(many=True), paged=True, tagged=True, scopes=[PRICES_READ]
    )
    def get(self, _request: Request) -> Response:
        """List the price lists, whenever they hold."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(PriceListSerializer(page, many=True).data)


class PriceEntryQuery(Query):
    variant_id = serializers.UUIDField(required=False, default=None)


class PriceEntrySerializer(serializers.ModelSerializer[PriceEntry]):
    variant_id = serializers.UUIDField(read_only=True)
    sku = serializers.CharField(source="variant.sku", read_only=True)
    minimum_quantity = serializers.CharField(
        read_only=True, help_text="Of a line, from which on the price holds; 0: any"
    )
    price = UnitPriceField(read_only=True)

    class Meta:
        model = PriceEntry
        fields = ("id", "variant_id", "sku", "minimum_quantity", "price")


class PriceEntryListView(generics.GenericAPIView[PriceEntry]):
    queryset = PriceEntry.objects.none()
    serializer_class = PriceEntrySerializer
    pagination_class = Pages

    @operation(
        "list_price_entries",
        query=PriceEntryQuery,
        answers=PriceEntrySerializer(many=True),
        refuses=[NotFound],
        paged=True,
        scopes=[PRICES_READ],
    )
    def get(self, _request: Request, asked: dict[str, Any], price_list_id: UUID) -> Response:
        """List what goods cost by a price list, all of them or those of one variant."""
        page = self.paginate_queryset(entries_in(price_list_id, variant_id=asked["variant_id"]))
        context = {"currency": find_price_list(price_list_id).currency}
        return self.get_paginated_response(PriceEntrySerializer(page, many=True, context=context).data)


def _local(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
