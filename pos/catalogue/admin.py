"""The catalogue in the admin of a shop: products, their variants and tax rates."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from pos.catalogue.models import Barcode, Category, Product, Variant
from pos.catalogue.services import UnknownTaxRate, announce_variant
from pos.taxes.queries import first_rate
from web.admin import ShopAdmin, TabularInline
from web.admin.money import currency_of_shop, with_currency_of_shop


class VariantInline(TabularInline):
    model = Variant
    extra = 0
    min_num = 1
    fields = ("sku", "name", "price", "active")
    money = ("price",)

    def currency_of(self, _row: Any) -> str:
        return currency_of_shop()


class BarcodeInline(TabularInline):
    model = Barcode
    extra = 0


@admin.register(Category)
class CategoryAdmin(ShopAdmin):
    list_display = ("name", "parent")
    list_select_related = ("parent",)
    search_fields = ("name",)
    autocomplete_fields = ("parent",)


@admin.register(Product)
class ProductAdmin(ShopAdmin):
    list_display = ("name", "category", "kind", "tax_class", "created_at")
    list_filter = ("kind", "tax_class", "category")
    list_select_related = ("category", "tax_class")
    autocomplete_fields = ("category",)
    exclude = ("tax_rate",)
    search_fields = ("name", "variants__sku", "variants__barcodes__code")
    inlines = (VariantInline,)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001
        rate = first_rate(obj.tax_class) if obj.tax_class else None
        if rate is None:
            message = f"the tax class {obj.tax_class} has no rule: add one, with the rate 0 where no tax is charged"
            raise UnknownTaxRate(message, field="tax_class")
        obj.tax_rate = rate
        super().save_model(request, obj, form, change)

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
    money = ("price",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return with_currency_of_shop(super().get_queryset(request))

    def currency_of(self, row: Any) -> str:
        return getattr(row, "currency", None) or currency_of_shop()

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        announce_variant(variant=obj)
