"""Price lists in the admin of a shop, each with its entries; prices are typed in major units of the list's currency."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from kernel.units import open_unit
from pos.catalogue.prices import announcing_prices
from pos.prices.models import PriceEntry, PriceList
from web.admin import ExactSearch, ShopAdmin, TabularInline
from web.admin.money import currency_of_shop

FIXED = ("currency", "tax_included")
OF_OTHERS = ("location", "valid_from", "valid_to", "priority")
"""What the default list has not: it holds everywhere and always, after all others."""


class Written(forms.Widget):
    """Text in the place of a field."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        return format_html("<span>{}</span>", self.text)


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]
    """The variant of an entry is chosen once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance._state.adding and "variant" in self.fields:  # noqa: SLF001 - Django has no other way
            field = self.fields["variant"]
            field.disabled, field.widget = True, Written(str(self.instance.variant))


class PriceEntryInline(TabularInline):
    model = PriceEntry
    form = EntryForm
    extra = 0
    per_page = 50
    fields = ("variant", "minimum_quantity", "price")
    autocomplete_fields = ("variant",)
    ordering = ("variant_id", "minimum_quantity")
    money = ("price",)

    def currency_of(self, _row: Any) -> str:
        return str(self.of.currency)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceEntry]:
        return super().get_queryset(request).select_related("variant__product")


@admin.register(PriceList)
class PriceListAdmin(ShopAdmin):
    list_display = ("name", "currency", "tax_included", "location", "valid_from", "valid_to", "priority", "is_default")
    list_select_related = ("location",)
    list_filter = ("location",)
    search_fields = ("name",)
    ordering = ("-is_default", "-priority", "name")
    fields = ("name", *FIXED, *OF_OTHERS)

    def get_inlines(self, _request: HttpRequest, obj: PriceList | None) -> Any:
        """A list is saved before its entries: their prices are in its currency."""
        return (PriceEntryInline,) if obj else ()

    def get_readonly_fields(self, _request: HttpRequest, obj: PriceList | None = None) -> Any:
        if obj is None:
            return ()
        fixed = [name for name in FIXED if getattr(obj, name) is not None]
        return (*fixed, *(OF_OTHERS if obj.is_default else ()))

    def has_delete_permission(self, request: HttpRequest, obj: PriceList | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and obj.is_default)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        rows = [each.instance for formset in formsets for each in formset.forms if each.has_changed()]
        with announcing_prices([row.variant_id for row in rows if row.variant_id]):
            super().save_related(request, form, formsets, change)

    def delete_model(self, request: HttpRequest, obj: PriceList) -> None:
        with announcing_prices(_variants_of([obj])):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PriceList]) -> None:
        with open_unit(), announcing_prices(_variants_of(queryset)):
            super().delete_queryset(request, queryset)


@admin.register(PriceEntry)
class PriceEntryAdmin(ExactSearch, ShopAdmin):
    """Entries of all lists, to find those of a variant. They are added on the page of their list."""

    form = EntryForm
    list_display = ("variant", "price_list", "minimum_quantity", "price")
    list_filter = ("price_list",)
    list_select_related = ("variant__product", "price_list")
    search_help_text = "A SKU"
    ordering = ("variant_id", "minimum_quantity", "id")
    fields = ("price_list", "variant", "minimum_quantity", "price")
    readonly_fields = ("price_list", "variant")
    money = ("price",)

    def currency_of(self, row: Any) -> str:
        return str(row.price_list.currency) if row else currency_of_shop()

    def found(self, word: str) -> QuerySet[PriceEntry]:
        return PriceEntry.objects.filter(variant__sku=word)

    def has_add_permission(self, _request: HttpRequest, _parent: object = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PriceEntry, form: Any, change: bool) -> None:  # noqa: FBT001
        with announcing_prices([obj.variant_id]):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: PriceEntry) -> None:
        with announcing_prices([obj.variant_id]):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PriceEntry]) -> None:
        with open_unit(), announcing_prices(list(queryset.values_list("variant_id", flat=True))):
            super().delete_queryset(request, queryset)


def _variants_of(lists: Iterable[PriceList]) -> list[UUID]:
    return list(PriceEntry.objects.filter(price_list__in=list(lists)).values_list("variant_id", flat=True).distinct())
