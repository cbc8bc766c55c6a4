"""The catalogue: look-up by barcode, SKU or text, and what a back office puts in."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from pos.catalogue.models import Category, Variant
from pos.catalogue.queries import catalogue, on_shelf, variants_matching
from pos.catalogue.services import BarcodeTaken, Item, UnknownTaxRate, put_item
from pos.taxes.models import TaxRate
from web.fields import Several, Text
from web.inputs import Body, Query
from web.money import MoneyField
from web.operations import operation
from web.pages import Pages
from web.places import place_of
from web.scopes import CATALOGUE_READ, CATALOGUE_WRITE, PRICES_WRITE


@extend_schema_serializer(deprecate_fields=["tax_rate"])
class VariantSerializer(serializers.ModelSerializer[Variant]):
    title = serializers.CharField(read_only=True)
    price = MoneyField(read_only=True)
    kind = serializers.CharField(source="product.kind", read_only=True)
    tax_name = serializers.CharField(source="product.tax_name", read_only=True)
    tax_rate = serializers.CharField(source="product.tax_name", read_only=True, help_text="Renamed: `tax_name`")
    product_id = serializers.UUIDField(read_only=True)
    category_id = serializers.UUIDField(source="product.category_id", read_only=True, allow_null=True)
    barcodes = serializers.SlugRelatedField("code", many=True, read_only=True)  # type: ignore[var-annotated]
    on_hand = serializers.SerializerMethodField()

    class Meta:
        model = Variant
        fields = (
            "id", "product_id", "category_id", "sku", "title", "kind", "price", "tax_name", "tax_rate", "barcodes",
            "on_hand",
        )  # fmt: skip

    def get_on_hand(self, variant: Variant) -> str | None:
        """What inventory last reported on hand at the terminal's location, as a decimal string."""
        level = self.context["levels"].get(variant.id)
        return str(level.on_hand) if level else None


def shown(variants: list[Variant], request: Request) -> Any:
    place = place_of(request)
    levels = on_shelf([variant.id for variant in variants], place.location_id)
    return VariantSerializer(variants, many=True, context={"levels": levels, "currency": place.currency}).data


class VariantQuery(Query):
    barcode = Text(limits.CODE, optional=True)
    sku = Text(limits.CODE, optional=True)
    q = Text(limits.NAME, optional=True, help_text="A part of the name or the SKU")


class VariantListView(generics.GenericAPIView[Variant]):
    queryset = Variant.objects.none()
    serializer_class = VariantSerializer
    pagination_class = Pages

    @operation(
        "list_variants",
        query=VariantQuery,
        answers=VariantSerializer(many=True),
        paged=True,
        scopes=[CATALOGUE_READ],
        at="location",
    )
    def get(self, request: Request, asked: dict[str, Any]) -> Response:
        """List what the shop sells, all of it or what a barcode, a SKU or a text finds."""
        found = variants_matching(barcode=asked["barcode"], sku=asked["sku"], text=asked["q"])
        page = self.paginate_queryset(found)
        return self.get_paginated_response(shown(list(page or []), request))


class VariantView(APIView):
    @operation("get_variant", answers=VariantSerializer, scopes=[CATALOGUE_READ], at="location")
    def get(self, request: Request, variant_id: UUID) -> Response:
        variant = generics.get_object_or_404(catalogue(), id=variant_id)
        return Response(shown([variant], request)[0])


class CategorySerializer(serializers.ModelSerializer[Category]):
    class Meta:
        model = Category
        fields = ("id", "name", "parent_id")


class CategoryListView(generics.GenericAPIView[Category]):
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    pagination_class = Pages

    @operation(
        "list_categories", answers=CategorySerializer(many=True), paged=True, tagged=True, scopes=[CATALOGUE_READ]
    )
    def get(self, _request: Request) -> Response:
        """List the groups of products, each with the one that it is a part of."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(CategorySerializer(page, many=True).data)


class TaxSerializer(serializers.ModelSerializer[TaxRate]):
    class Meta:
        model = TaxRate
        fields = ("id", "name", "rate", "inclusive")


class TaxListView(generics.GenericAPIView[TaxRate]):
    queryset = TaxRate.objects.all()
    serializer_class = TaxSerializer
    pagination_class = Pages

    @operation("list_taxes", answers=TaxSerializer(many=True), paged=True, tagged=True, scopes=[CATALOGUE_READ])
    def get(self, _request: Request) -> Response:
        """List the taxes, by whose names products and services refer to them."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(TaxSerializer(page, many=True).data)


class ItemBody(Body):
    renamed = {"tax_rate": "tax_name"}

    sku = Text(limits.CODE)
    name = Text(limits.NAME)
    price = MoneyField()
    tax_name = Text(limits.TAX_NAME, source="tax_rate", help_text="The name of one of the shop's tax classes, or rates")
    stocked = serializers.BooleanField(default=True)
    barcodes = Several(Text(limits.CODE), limits.MOST_BARCODES)


MUG = {
    "sku": "MUG-01",
    "name": "Mug, blue",
    "price": {"amount": 1250, "currency": "EUR"},
    "tax_name": "Standard, included",
    "stocked": True,
    "barcodes": ["4006381333931"],
}


class ProductListView(APIView):
    @operation(
        "put_product",
        body=ItemBody,
        answers={201: VariantSerializer, 200: VariantSerializer},
        refuses=[UnknownTaxRate, BarcodeTaken],
        keyed=True,
        scopes=[CATALOGUE_WRITE, PRICES_WRITE],
        at="location",
        example=MUG,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Put a product into the catalogue, or bring the one of this SKU up to date."""
        with claimed(request, "products") as claim:
            if claim.is_new:
                variant, created = put_item(item=Item(**asked))
                claim.answer(shown([variant], request)[0], status=201 if created else 200)
        return claim.response
