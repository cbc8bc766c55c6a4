"""The cash office in the admin of a shop, to read."""

from django.contrib import admin

from payments.models import Payment, PaymentIntent, PaymentRefund
from web.admin import ReadOnlyInline, ShopReadOnlyAdmin


class RefundInline(ReadOnlyInline):
    model = PaymentRefund
    fields = ("return_id", "amount", "state", "reference", "failure", "created_at")
    money = ("amount",)


@admin.register(Payment)
class PaymentAdmin(ShopReadOnlyAdmin):
    list_display = ("occurred_at", "tender_type", "amount", "refunded", "reference", "order_id")
    list_filter = ("tender_type",)
    money = ("amount", "refunded")
    search_fields = ("order_id", "reference")
    inlines = (RefundInline,)


@admin.register(PaymentIntent)
class PaymentIntentAdmin(ShopReadOnlyAdmin):
    list_display = ("created_at", "amount", "state", "abandoned", "reference", "failure", "order_id")
    list_filter = ("state", "abandoned")
    money = ("amount",)
    search_fields = ("order_id", "reference")
