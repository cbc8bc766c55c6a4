"""Returns to read."""

from django.contrib import admin

from pos.returns.models import Refund, Return, ReturnLine
from web.admin import ReadOnlyInline, ShopReadOnlyAdmin


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
