"""The catalogue: look-up by barcode, SKU or text, and what a back office puts in."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.api.idempotent import idempotent
from kernel.api.money import MoneyField
from kernel.api.pages import Pages
from kernel.api.terminal import terminal_of
from pos.models import Variant
from pos.queries import catalogue, on_shelf, variants_matching
from pos.services.catalogue import Item, put_item


class VariantSerializer(serializers.ModelSerializer[Variant]):
    title = serializers.CharField(read_only=True)
    price = MoneyField(read_only=True)
    kind = serializers.CharField(source="product.kind", read_only=True)
    tax_rate = serializers.CharField(source="product.tax_rate.name", read_only=True)
    barcodes = serializers.SlugRelatedField("code", many=True, read_only=True)  # type: ignore[var-annotated]
    on_hand = serializers.SerializerMethodField()

    class Meta:
        model = Variant
        fields = ("id", "sku", "title", "kind", "price", "tax_rate", "barcodes", "on_hand")

    def get_on_hand(self, variant: Variant) -> str | None:
        """What inventory last said is on hand at the terminal's location, as a decimal string."""
        level = self.context["levels"].get(variant.id)
        return str(level.on_hand) if level else None


def shown(variants: list[Variant], request: Request) -> Any:
    terminal = terminal_of(request)
    levels = on_shelf([variant.id for variant in variants], terminal.location_id)
    return VariantSerializer(variants, many=True, context={"levels": levels, "currency": terminal.currency}).data


class VariantQuery(serializers.Serializer[Any]):
    barcode = serializers.CharField(default="")
    sku = serializers.CharField(default="")
    q = serializers.CharField(default="", help_text="A part of the name or the SKU")


class VariantListView(generics.GenericAPIView[Variant]):
    queryset = Variant.objects.none()
    serializer_class = VariantSerializer
    pagination_class = Pages

    @extend_schema(parameters=[VariantQuery], operation_id="list_variants", responses=VariantSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what the shop sells, all of it or what a barcode, a SKU or a text finds."""
        query = VariantQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = variants_matching(barcode=asked["barcode"], sku=asked["sku"], text=asked["q"])
        page = self.paginate_queryset(found)
        return self.get_paginated_response(shown(list(page or []), request))


class VariantView(APIView):
    @extend_schema(responses=VariantSerializer, operation_id="get_variant")
    def get(self, request: Request, variant_id: UUID) -> Response:
        variant = generics.get_object_or_404(catalogue(), id=variant_id)
        return Response(shown([variant], request)[0])


class ItemSerializer(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=200)
    price = MoneyField()
    tax_rate = serializers.CharField(max_length=100)
    stocked = serializers.BooleanField(default=True)
    barcodes = serializers.ListField(child=serializers.CharField(max_length=64), default=list)


class ProductListView(APIView):
    @extend_schema(
        request=ItemSerializer, responses={201: VariantSerializer, 200: VariantSerializer}, operation_id="put_product"
    )
    def post(self, request: Request) -> Response:
        """Put a product into the catalogue, or bring the one of this SKU up to date."""
        terminal = terminal_of(request)
        serializer = ItemSerializer(data=request.data, context={"currency": terminal.currency})
        serializer.is_valid(raise_exception=True)

        def put(_fingerprint: str) -> Response:
            variant, created = put_item(item=Item(**serializer.validated_data))
            return Response(shown([variant], request)[0], status=201 if created else 200)

        return idempotent(request, "products", put)
