"""The catalogue: look-up by barcode, SKU or text, and what a back office puts in."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from kernel.gtins import barcode_key
from kernel.permissions import Need, Permission
from kernel.refusals import NotFound
from pos.catalogue.barcodes import BarcodeTaken, ScalePrefixUnknown
from pos.catalogue.bodies import MUG, ItemBody
from pos.catalogue.models import Barcode, Category, Variant
from pos.catalogue.queries import Scan, catalogue, on_shelf, read_scan, variants_matching
from pos.catalogue.services import Item, PriceRefused, UnknownTaxRate, archive_product, archive_variant, put_item
from pos.prices.queries import base_prices, offers_at
from pos.pricing.lists import Offer
from pos.registers.queries import location_of
from staff.duty.permitting import REFUSALS, permit
from web.commands import ApprovableBody, command_of
from web.fields import Text
from web.inputs import Query
from web.money import MoneyField, UnitPrice, UnitPriceField, money
from web.operations import operation
from web.pages import Pages
from web.places import place_of
from web.scopes import CATALOGUE_READ, CATALOGUE_WRITE, PRICES_WRITE


class ScaleBarcodeSerializer(serializers.ModelSerializer[Barcode]):
    class Meta:
        model = Barcode
        fields = ("code", "kind")


class OfferSerializer(serializers.Serializer[Offer]):
    price_list_id = serializers.UUIDField(source="list.id")
    minimum_quantity = serializers.CharField(source="step.minimum")
    price = UnitPriceField(read_only=True)


@extend_schema_serializer(deprecate_fields=["tax_rate"])
class VariantSerializer(serializers.ModelSerializer[Variant]):
    title = serializers.CharField(read_only=True)
    price = serializers.SerializerMethodField()
    kind = serializers.CharField(source="product.kind", read_only=True)
    tax_name = serializers.CharField(source="product.tax_name", read_only=True)
    tax_rate = serializers.CharField(source="product.tax_name", read_only=True, help_text="Renamed: `tax_name`")
    product_id = serializers.UUIDField(read_only=True)
    category_id = serializers.UUIDField(source="product.category_id", read_only=True, allow_null=True)
    barcodes = serializers.SerializerMethodField()
    scale_barcodes = serializers.SerializerMethodField()
    scanned_quantity = serializers.SerializerMethodField()
    scanned_price = serializers.SerializerMethodField()
    prices = serializers.SerializerMethodField()
    on_hand = serializers.SerializerMethodField()

    class Meta:
        model = Variant
        fields = (
            "id", "product_id", "category_id", "sku", "title", "kind", "price", "tax_name", "tax_rate", "barcodes",
            "scale_barcodes", "scanned_quantity", "scanned_price", "prices", "on_hand",
        )  # fmt: skip

    @extend_schema_field(UnitPriceField(read_only=True, allow_null=True))
    def get_price(self, variant: Variant) -> Any:
        """Of the default list, from any quantity on; where that is of another currency, of the lists that hold here.

        Null: goods without a price in the currency of the location, which are not sold there.
        """
        here = (offer.price for offer in self.context["offers"].get(variant.id, ()) if not offer.step.minimum)
        exact = self.context["base"].get(variant.id, next(here, None))
        return None if exact is None else msgspec.to_builtins(UnitPrice.of(exact, self.context["currency"]))

    def get_barcodes(self, variant: Variant) -> list[str]:
        return [each.code for each in variant.barcodes.all() if each.kind == Barcode.Kind.PLAIN]

    @extend_schema_field(ScaleBarcodeSerializer(many=True))
    def get_scale_barcodes(self, variant: Variant) -> Any:
        scales = [each for each in variant.barcodes.all() if each.kind != Barcode.Kind.PLAIN]
        return ScaleBarcodeSerializer(scales, many=True).data

    def get_scanned_quantity(self, variant: Variant) -> str | None:
        """What one scan of the barcode that was looked up stands for: its weight, or the pieces of a pack."""
        scan = self._scan()
        if scan is None:
            return None
        key = barcode_key(scan.code)
        per_scan = next((each.quantity for each in variant.barcodes.all() if each.key == key), Decimal(1))
        return f"{scan.quantity if scan.quantity is not None else per_scan:.3f}"

    @extend_schema_field(MoneyField(read_only=True, allow_null=True))
    def get_scanned_price(self, _variant: Variant) -> Any:
        """The price that the barcode carries which was looked up."""
        scan = self._scan()
        carried = None if scan is None else scan.price
        return None if carried is None else money(carried, self.context["currency"])

    @extend_schema_field(OfferSerializer(many=True))
    def get_prices(self, variant: Variant) -> Any:
        """What one unit costs here and now, from each quantity on at which that changes, the smallest first.

        Empty: no price list has a price in the currency of the location.
        """
        offers = self.context["offers"].get(variant.id, [])
        return OfferSerializer(offers, many=True, context={"currency": self.context["currency"]}).data

    def _scan(self) -> Scan | None:
        scan: Scan | None = self.context.get("scan")
        return scan

    def get_on_hand(self, variant: Variant) -> str | None:
        """What inventory last reported on hand at the terminal's location, as a decimal string."""
        level = self.context["levels"].get(variant.id)
        return str(level.on_hand) if level else None


def shown(variants: list[Variant], request: Request, *, scan: Scan | None = None) -> Any:
    place = place_of(request)
    ids = [variant.id for variant in variants]
    context = {
        "levels": on_shelf(ids, place.location_id),
        "offers": offers_at(ids, location_of(place), timezone.now()),
        "base": base_prices(ids, currency=place.currency),
        "currency": place.currency,
        "scan": scan,
    }
    return VariantSerializer(variants, many=True, context=context).data


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
        scan = read_scan(asked["barcode"]) if asked["barcode"] else None
        return self.get_paginated_response(shown(list(page or []), request, scan=scan))


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


OF_CATALOGUE = Need(permission=Permission.PRICE_OVERRIDE, reductions=[(1, 0)])
"""What a till needs to change what all tills sell: an override of prices without a limit, or an approval."""


class ArchiveBody(ApprovableBody):
    pass


class ArchivedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    archived_at = serializers.DateTimeField()


class VariantArchiveView(APIView):
    @operation(
        "archive_variant",
        body=ArchiveBody,
        answers=ArchivedSerializer,
        refuses=[NotFound, *REFUSALS],
        keyed=True,
        scopes=[CATALOGUE_WRITE],
        example={"approval_id": "019ac8f9-1b30-7f05-8a6c-2f8d0f6b9c02"},
    )
    def post(self, request: Request, asked: dict[str, Any], variant_id: UUID) -> Response:
        """Withdraw a variant: no till sells it any more, and its barcodes and its SKU are free for its successor."""
        with claimed(request, "variant-archives") as claim:
            if claim.is_new:
                permit(command_of(request, asked, variant_id), OF_CATALOGUE)
                claim.answer(ArchivedSerializer(archive_variant(variant_id=variant_id, now=timezone.now())).data)
        return claim.response


class ProductArchiveView(APIView):
    @operation(
        "archive_product",
        body=ArchiveBody,
        answers=ArchivedSerializer,
        refuses=[NotFound, *REFUSALS],
        keyed=True,
        scopes=[CATALOGUE_WRITE],
        example={"approval_id": "019ac8f9-1b30-7f05-8a6c-2f8d0f6b9c02"},
    )
    def post(self, request: Request, asked: dict[str, Any], product_id: UUID) -> Response:
        """Withdraw a product with all its variants."""
        with claimed(request, "product-archives") as claim:
            if claim.is_new:
                permit(command_of(request, asked, product_id), OF_CATALOGUE)
                claim.answer(ArchivedSerializer(archive_product(product_id=product_id, now=timezone.now())).data)
        return claim.response


class ProductListView(APIView):
    @operation(
        "put_product",
        body=ItemBody,
        answers={201: VariantSerializer, 200: VariantSerializer},
        refuses=[UnknownTaxRate, PriceRefused, BarcodeTaken, ScalePrefixUnknown, *REFUSALS],
        keyed=True,
        scopes=[CATALOGUE_WRITE, PRICES_WRITE],
        at="location",
        example=MUG,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Put a product into the catalogue, or bring the one of this SKU up to date."""
        with claimed(request, "products") as claim:
            if claim.is_new:
                permit(command_of(request, asked), OF_CATALOGUE)
                variant, created = put_item(item=Item(**asked))
                claim.answer(shown([variant], request)[0], status=201 if created else 200)
        return claim.response
