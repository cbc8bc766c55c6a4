"""Taxes in the admin of a shop: classes with their rules, and rates, which are added and never changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from pos.taxes.models import TaxClass, TaxRate, TaxRule
from web.admin import ShopAdmin, TabularInline


class TaxRuleInline(TabularInline):
    model = TaxRule
    extra = 0
    min_num = 1


@admin.register(TaxClass)
class TaxClassAdmin(ShopAdmin):
    list_display = ("name",)
    search_fields = ("name",)
    inlines = (TaxRuleInline,)


@admin.register(TaxRate)
class TaxRateAdmin(ShopAdmin):
    list_display = ("name", "code", "rate", "inclusive")
    search_fields = ("name", "code")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("code", "rate", "inclusive") if obj else ()
