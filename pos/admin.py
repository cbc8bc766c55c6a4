"""The tills in the admin of a shop: products, registers and devices to edit; orders and returns to read."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from kernel.admin import (
    Confirmation,
    ReadOnlyInline,
    Secret,
    ShopAdmin,
    ShopReadOnlyAdmin,
    TabularInline,
    show_once,
)
from kernel.admin.saving import sentence_of
from kernel.limits import NAME
from kernel.money import formatted
from kernel.refusals import Refusal
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
from pos.services.tills import change_device, pair_device, revoke_device, rotate_device_token


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

    @admin.action(description="Pair a new terminal and show its token once", permissions=["pair"])
    def pair(self, request: HttpRequest, registers: QuerySet[Register]) -> HttpResponse:
        made = []
        for register in registers:
            device, token = pair_device(register_code=register.code, name=f"Terminal of {register.name}"[:NAME])
            made.append(Secret(label=f"The token of {device.name} ({register.code})", value=token))
        return show_once(self, request, "A terminal was paired", made)

    def has_pair_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("pos.add_device")


@admin.register(TenderType)
class TenderTypeAdmin(ShopAdmin):
    list_display = ("code", "name", "kind")


@admin.register(Device)
class DeviceAdmin(ShopAdmin):
    list_display = ("name", "register", "status", "paired_at", "last_used_at", "expires_at")
    list_filter = ("status",)
    fields = ("name", "register", "status", "paired_at", "last_used_at", "expires_at", "previous_until")
    readonly_fields = ("status", "paired_at", "last_used_at", "previous_until")
    actions = ("rotate", "revoke")

    def has_add_permission(self, _request: HttpRequest, _parent: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Longer validity is a new pairing: who may not pair, may not give it."""
        return self.readonly_fields if self.has_rotate_permission(request) else (*self.readonly_fields, "expires_at")

    def save_model(self, _request: HttpRequest, obj: Device, form: Any, change: bool) -> None:  # noqa: FBT001
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        if changed:
            change_device(device_id=obj.pk, changed=changed)

    def has_rotate_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perms(["pos.add_device", "pos.change_device"])

    @admin.action(description="Make a new token; the one before stays valid for a day", permissions=["rotate"])
    def rotate(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse | None:
        made = []
        for device in devices.filter(status=Device.Status.PAIRED):
            try:
                made.append(Secret(label=f"The token of {device.name}", value=rotate_device_token(device_id=device.id)))
            except Refusal as refusal:
                messages.error(request, sentence_of(refusal))
        return show_once(self, request, "New tokens", made) if made else None

    @admin.action(description="Revoke for good", permissions=["change"])
    def revoke(self, request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse | None:
        asked = Confirmation(
            action="revoke",
            title="Revoke for good",
            consequence="These terminals are refused from now on. It cannot be taken back; pair a new one instead.",
            asks_reason=False,
        )
        if not asked.is_given(request):
            return asked.ask(self, request, devices)
        for device in devices.filter(status=Device.Status.PAIRED):
            revoke_device(device_id=device.id)
        return None


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
