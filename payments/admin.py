"""The cash office in the admin of a shop, to read."""

from django.contrib import admin

from payments.models import Payment, PaymentIntent, PaymentRefund
from web.admin import ReadOnlyInline, ShopReadOnlyAdmin
from web.admin.names import named


class RefundInline(ReadOnlyInline):
    model = PaymentRefund
    of_return = named("return_id", "return", label="return")
    fields = ("of_return", "amount", "state", "reference", "failure", "created_at")
    money = ("amount",)


@admin.register(Payment)
class PaymentAdmin(ShopReadOnlyAdmin):
    list_display = ("occurred_at", "tender_type", "amount", "refunded", "reference", "of_order", "taken_by")
    fields = (
        "of_order", "tender_type", "kind", "amount", "refunded", "reference", "intent", "at_register", "in_shift",
        "taken_by", "occurred_at", "business_date", "id",
    )  # fmt: skip
    of_order = named("order_id", "order", label="order")
    at_register = named("register_id", "register", label="register")
    in_shift = named("shift_id", "shift", label="shift")
    taken_by = named("staff_id", "staff member", label="taken by")
    list_filter = ("tender_type",)
    money = ("amount", "refunded")
    search_fields = ("order_id", "reference")
    inlines = (RefundInline,)


@admin.register(PaymentIntent)
class PaymentIntentAdmin(ShopReadOnlyAdmin):
    list_display = ("created_at", "amount", "state", "abandoned", "reference", "failure", "of_order")
    of_order = named("order_id", "order", label="order")
    list_filter = ("state", "abandoned")
    fields = (
        "of_order", "tender_type", "amount", "state", "abandoned", "reference", "failure", "created_at", "id",
    )  # fmt: skip
    money = ("amount",)
    search_fields = ("order_id", "reference")
