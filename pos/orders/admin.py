"""Orders to read, with a link to their events."""

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from kernel.money import formatted
from pos.orders.models import Order, OrderLine, Refund, Tender
from pos.orders.queries import orders_named
from pos.registers.queries import currencies_of_shop
from web.admin import ExactSearch, ReadOnlyInline, ShopReadOnlyAdmin
from web.admin.names import Named, link, named
from web.admin.searching import amount_is


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("number", "goods", "description", "quantity", "unit_price", "tax_total", "total", "returned_quantity")
    money = ("unit_price", "tax_total", "total")

    @admin.display(description="SKU")
    def goods(self, line: OrderLine) -> str:
        return link(Named(page="pos_variant", text=line.sku), line.variant_id) if line.variant_id else line.sku or "-"


class TenderInline(ReadOnlyInline):
    model = Tender
    fields = ("number", "type", "state", "amount", "change", "refunded", "failure", "reference")
    money = ("amount", "change", "refunded")


class RefundInline(ReadOnlyInline):
    """What an order gave back when it was cancelled, or that it did without."""

    model = Refund
    fields = ("type", "amount", "state", "failure", "tender", "reference")
    money = ("amount",)


@admin.register(Order)
class OrderAdmin(ExactSearch, ShopReadOnlyAdmin):
    list_display = ("__str__", "status", "total", "occurred_at", "register", "sold_by", "trace")
    fields = (
        "status", "total", "subtotal", "tax_total", "discount_total", "discounts_given", "rounding_adjustment",
        "change_total", "on_receipt", "register", "device", "shift", "sold_by", "approval", "occurred_at",
        "reported_at", "recorded_at", "completed_at", "business_date", "origin", "accepted_with", "training",
        "customer_email", "note", "paid_by_return", "voided_at", "void_reason", "given_up_by", "approval_of_void",
        "asked_first", "trace", "device_sequence", "id",
    )  # fmt: skip
    money = ("discount_total", "subtotal", "tax_total", "rounding_adjustment", "total", "change_total")
    list_filter = ("status", "occurred_at")
    list_select_related = ("register",)
    search_help_text = (
        "A receipt (R1-000018), its number alone, a total (12.50, in JPY 1250), a customer's mail address, or an id"
    )
    inlines = (OrderLineInline, TenderInline, RefundInline)

    on_receipt = named("receipt_id", "receipt", label="receipt")
    sold_by = named("staff_id", "staff member", label="sold by")
    approval = named("approval_id", "approval", label="approval")
    paid_by_return = named("exchange_return_id", "return", label="paid by the goods of")
    given_up_by = named("voided_by", "staff member", label="voided by")
    approval_of_void = named("void_approval_id", "approval", label="approval of the void")
    asked_first = named("price_list_id", "price list", label="price list")

    @admin.display(description="discounts")
    def discounts_given(self, order: Order) -> str:
        """Write the discounts of the order; those of lines are in their amounts."""
        given = [
            f"{each.get('name') or 'Discount'}: {formatted(each['amount'], order.currency)}"
            f"{' ({} %)'.format(each['percent']) if each.get('percent') else ''}"
            for each in order.discounts
        ]
        return ", ".join(given) or "-"

    @admin.display(description="accepted with")
    def accepted_with(self, order: Order) -> str:
        """Lead to what was wrong with the sale when it was accepted."""
        if not order.exceptions:
            return "-"
        url = reverse("admin:pos_exceptioncase_changelist") + f"?state=all&command_id={order.id}"
        return format_html('<a href="{}" class="underline">{}</a>', url, "what was wrong with it")

    def found(self, word: str) -> QuerySet[Order]:
        """Find orders by what `orders_named` knows, and by a total as it is written in a currency of the shop."""
        return orders_named(word) | Order.objects.filter(amount_is(word, currencies_of_shop(), amount="total"))

    @admin.display(description="events")
    def trace(self, order: Order) -> str:
        url = reverse("admin:events_event_changelist") + f"?q=order:{order.id}"
        return format_html('<a href="{}">events and reactions</a>', url)
