"""The catalogue in the admin of a shop: products, their variants and tax rates."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from pos.catalogue.models import Barcode, Product, TaxRate, Variant
from pos.catalogue.services import announce_variant
from web.admin import ShopAdmin, TabularInline


class VariantInline(TabularInline):
    model = Variant
    extra = 0
    min_num = 1
    fields = ("sku", "name", "price", "active")


class BarcodeInline(TabularInline):
    model = Barcode
    extra = 0


@admin.register(Product)
class ProductAdmin(ShopAdmin):
    list_display = ("name", "kind", "tax_rate", "created_at")
    list_filter = ("kind", "tax_rate")
    search_fields = ("name", "variants__sku", "variants__barcodes__code")
    inlines = (VariantInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        for variant in form.instance.variants.select_related("product"):
            announce_variant(variant=variant)


@admin.register(Variant)
class VariantAdmin(ShopAdmin):
    list_display = ("sku", "title", "price", "active")
    list_filter = ("active",)
    search_fields = ("sku", "name", "product__name", "barcodes__code")
    list_select_related = ("product",)
    inlines = (BarcodeInline,)

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        announce_variant(variant=obj)


@admin.register(TaxRate)
class TaxRateAdmin(ShopAdmin):
    list_display = ("name", "rate", "inclusive")
