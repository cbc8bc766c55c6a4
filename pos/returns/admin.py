"""Returns to read."""

from django.contrib import admin
from django.db.models import QuerySet

from pos.orders.models import Refund
from pos.registers.queries import currencies_of_shop
from pos.returns.models import Return, ReturnLine
from pos.returns.queries import returns_named
from web.admin import ExactSearch, ReadOnlyInline, ShopReadOnlyAdmin
from web.admin.names import Named, link, named
from web.admin.searching import amount_is


class ReturnLineInline(ReadOnlyInline):
    model = ReturnLine
    fields = ("goods", "description", "quantity", "unit_price", "reason_code", "restock", "tax_total", "total")
    money = ("unit_price", "tax_total", "total")

    @admin.display(description="SKU")
    def goods(self, line: ReturnLine) -> str:
        return link(Named(page="pos_variant", text=line.sku), line.variant_id) if line.variant_id else line.sku or "-"


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("type", "amount", "state", "failure", "tender", "reference")
    money = ("amount",)


@admin.register(Return)
class ReturnAdmin(ExactSearch, ShopReadOnlyAdmin):
    list_display = ("receipt", "order", "total", "occurred_at", "taken_by", "reason")
    fields = (
        "order", "total", "tax_total", "rounding_adjustment", "reason", "on_receipt", "register", "at_device", "shift",
        "taken_by", "approval", "occurred_at", "recorded_at", "business_date", "exchange_order", "id",
    )  # fmt: skip
    money = ("tax_total", "rounding_adjustment", "total")
    list_select_related = ("register", "order__register")
    search_help_text = (
        "A receipt of a return (R1-R000007) or of its order, its number alone, a total (12.50, in JPY 1250),"
        " a customer's mail address, or an id"
    )
    inlines = (ReturnLineInline, RefundInline)

    on_receipt = named("receipt_id", "receipt", label="receipt")
    at_device = named("device_id", "device", label="device")
    taken_by = named("staff_id", "staff member", label="taken back by")
    approval = named("approval_id", "approval", label="approval")

    def found(self, word: str) -> QuerySet[Return]:
        """Find returns by what `returns_named` knows, and by a total as it is written in a currency of the shop."""
        return returns_named(word) | Return.objects.filter(amount_is(word, currencies_of_shop(), amount="total"))
