"""Tender types to edit, and shifts to read."""

from django.contrib import admin

from pos.cash.models import Shift, TenderType
from web.admin import ShopAdmin, ShopReadOnlyAdmin


@admin.register(TenderType)
class TenderTypeAdmin(ShopAdmin):
    list_display = ("code", "name", "kind", "rounding_step")


@admin.register(Shift)
class ShiftAdmin(ShopReadOnlyAdmin):
    list_display = ("register", "state", "opened_at", "float_amount")
    list_filter = ("state",)
    list_select_related = ("register__location",)
    money = ("float_amount",)

    def currency_of(self, row: Shift) -> str:
        return row.register.location.currency
