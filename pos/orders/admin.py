"""Orders to read, with a link to their events."""

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from pos.orders.models import Order, OrderLine, Refund, Tender
from pos.orders.queries import orders_named
from web.admin import ExactSearch, ReadOnlyInline, ShopReadOnlyAdmin


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("number", "sku", "description", "quantity", "unit_price", "tax_total", "total", "returned_quantity")
    money = ("unit_price", "tax_total", "total")


class TenderInline(ReadOnlyInline):
    model = Tender
    fields = ("number", "type", "state", "amount", "change", "refunded", "failure")
    money = ("amount", "change", "refunded")


class RefundInline(ReadOnlyInline):
    """What an order gave back when it was cancelled, or that it did without."""

    model = Refund
    fields = ("type", "amount", "state", "failure", "tender", "reference")
    money = ("amount",)


@admin.register(Order)
class OrderAdmin(ExactSearch, ShopReadOnlyAdmin):
    list_display = ("receipt", "status", "total", "occurred_at", "trace")
    money = ("discount_total", "subtotal", "tax_total", "rounding_adjustment", "total", "change_total")
    list_filter = ("status", "occurred_at")
    list_select_related = ("register",)
    search_help_text = "A receipt (R1-000018), its number alone, a customer's mail address, or an id"
    inlines = (OrderLineInline, TenderInline, RefundInline)

    def found(self, word: str) -> QuerySet[Order]:
        return orders_named(word)

    @admin.display(description="events")
    def trace(self, order: Order) -> str:
        url = reverse("admin:events_event_changelist") + f"?q=order:{order.id}"
        return format_html('<a href="{}">events and reactions</a>', url)
