"""Returns to read."""

from django.contrib import admin
from django.db.models import QuerySet

from pos.orders.models import Refund
from pos.returns.models import Return, ReturnLine
from pos.returns.queries import returns_named
from web.admin import ExactSearch, ReadOnlyInline, ShopReadOnlyAdmin


class ReturnLineInline(ReadOnlyInline):
    model = ReturnLine
    fields = ("sku", "description", "quantity", "unit_price", "reason_code", "restock", "tax_total", "total")
    money = ("unit_price", "tax_total", "total")


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("type", "amount", "state", "failure", "tender", "reference")
    money = ("amount",)


@admin.register(Return)
class ReturnAdmin(ExactSearch, ShopReadOnlyAdmin):
    list_display = ("receipt", "order", "total", "occurred_at", "reason")
    money = ("tax_total", "rounding_adjustment", "total")
    list_select_related = ("register", "order__register")
    search_help_text = "A receipt of a return (R1-R000007) or of its order, its number alone, or an id"
    inlines = (ReturnLineInline, RefundInline)

    def found(self, word: str) -> QuerySet[Return]:
        return returns_named(word)
