"""Refunds to read, and what the shop owes of those that were refused."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from kernel.money import formatted
from pos.orders.models import Refund
from pos.refunds.queries import DEBTS, any_of, refunds, refunds_named
from pos.registers.queries import currencies_of_shop
from web.admin import ExactSearch, ShopReadOnlyAdmin
from web.admin.names import named
from web.admin.searching import amount_is


class OwedFilter(admin.SimpleListFilter):
    title = "owed to the customer"
    parameter_name = "owed"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [("yes", "Owed"), ("no", "Not owed")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Refund]) -> QuerySet[Refund]:
        if self.value() is None:
            return queryset
        return queryset.filter(DEBTS) if self.value() == "yes" else queryset.exclude(DEBTS)


@admin.register(Refund)
class RefundAdmin(ExactSearch, ShopReadOnlyAdmin):
    list_display = ("recorded_at", "amount", "type", "state", "owed", "failure", "parent", "order")
    list_filter = (OwedFilter, "state")
    money = ("amount", "rounding")
    fields = (
        "amount", "rounding", "type", "state", "owed", "failure", "parent", "order", "tender", "instead_of", "register",
        "shift", "paid_by", "reference", "occurred_at", "recorded_at", "refused_at", "business_date", "id",
    )  # fmt: skip
    paid_by = named("staff_id", "staff member", label="paid by")
    search_help_text = (
        "A receipt of an order (R1-000018), an amount (12.50, in JPY 1250), a customer's mail address, or an id"
    )

    def get_queryset(self, _request: HttpRequest) -> QuerySet[Refund]:
        """Return refunds without the joins that would keep PostgreSQL from beginning with those that a search finds."""
        return (
            refunds()
            .select_related(None)
            .select_related("type")
            .prefetch_related("parent__register", "order__register")
        )

    def found(self, word: str) -> QuerySet[Refund]:
        """Find refunds by what `refunds_named` knows, and by an amount as it is written in a currency of the shop."""
        currencies = currencies_of_shop()
        of_amount = [
            Refund.objects.filter(amount_is(word, currencies, amount="amount", currency=currency))
            for currency in ("order__currency", "parent__currency")
        ]
        return any_of(refunds_named(word), *of_amount)

    @admin.display(description="owed")
    def owed(self, refund: Refund) -> str:
        left = refund.amount - refund.paid_instead if refund.is_owed else 0  # type: ignore[attr-defined]
        return formatted(left, refund.currency) if left else ""
