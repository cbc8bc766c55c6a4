"""The tills in the admin of a shop: products, registers and devices to edit; orders and returns to read."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from kernel.admin import ReadOnlyInline, ShopAdmin, ShopReadOnlyAdmin, TabularInline
from kernel.money import formatted
from pos.models import (
    Barcode,
    Device,
    Location,
    Order,
    OrderLine,
    Product,
    Refund,
    Register,
    Return,
    ReturnLine,
    Shift,
    TaxRate,
    Tender,
    TenderType,
    Variant,
)
from pos.services.catalogue import announce_variant
from pos.services.tills import pair_device


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


@admin.register(Location)
class LocationAdmin(ShopAdmin):
    list_display = ("code", "name", "currency", "timezone")


@admin.register(Register)
class RegisterAdmin(ShopAdmin):
    list_display = ("code", "name", "location", "next_receipt_number")
    actions = ("pair",)

    @admin.action(description="Pair a new terminal and show its token once")
    def pair(self, request: HttpRequest, registers: QuerySet[Register]) -> None:
        for register in registers:
            device, token = pair_device(register_code=register.code, name=f"Terminal of {register.name}")
            shown = format_html("{}: the token is <code>{}</code>; it is not shown again.", device.name, token)
            self.message_user(request, shown, messages.WARNING)


@admin.register(TenderType)
class TenderTypeAdmin(ShopAdmin):
    list_display = ("code", "name", "kind")


@admin.register(Device)
class DeviceAdmin(ShopAdmin):
    list_display = ("name", "register", "status", "paired_at")
    list_filter = ("status",)
    fields = ("name", "register", "status")

    def has_add_permission(self, _request: HttpRequest, _parent: object = None) -> bool:
        return False


@admin.register(Shift)
class ShiftAdmin(ShopReadOnlyAdmin):
    list_display = ("register", "state", "opened_at", "float_amount")
    list_filter = ("state",)


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("number", "sku", "description", "quantity", "unit_price", "tax_total", "total", "returned_quantity")


class TenderInline(ReadOnlyInline):
    model = Tender
    fields = ("number", "type", "state", "amount", "change", "refunded", "failure")


@admin.register(Order)
class OrderAdmin(ShopReadOnlyAdmin):
    list_display = ("receipt", "status", "amount", "occurred_at", "trace")
    list_filter = ("status",)
    list_select_related = ("register",)
    search_fields = ("id", "receipt_number", "customer_email")
    date_hierarchy = "occurred_at"
    inlines = (OrderLineInline, TenderInline)

    @admin.display(description="total", ordering="total")
    def amount(self, order: Order) -> str:
        return formatted(order.total, order.currency)

    @admin.display(description="events")
    def trace(self, order: Order) -> str:
        url = reverse("admin:events_event_changelist") + f"?q=order:{order.id}"
        return format_html('<a href="{}">what came of it</a>', url)


class ReturnLineInline(ReadOnlyInline):
    model = ReturnLine
    fields = ("sku", "description", "quantity", "restock", "tax_total", "total")


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("type", "amount", "tender")


@admin.register(Return)
class ReturnAdmin(ShopReadOnlyAdmin):
    list_display = ("receipt", "order", "total", "occurred_at", "reason")
    list_select_related = ("register", "order__register")
    inlines = (ReturnLineInline, RefundInline)
