"""Locations in the admin of a shop. The default price list follows the first one's currency before anything is sold."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from kernel.currencies import is_listed
from pos.catalogue.prices import follow_first_location
from pos.prices.queries import has_list_in
from pos.registers.models import Location
from web.admin import ShopAdmin
from web.admin.money import MajorUnits, currency_of_shop

FOLLOWED = "The default price list is in {currency} now, with the same figures: look at the prices before you sell."
NO_LIST = (
    "No price list is in {currency}, so {location} cannot sell goods yet: add a price list in {currency},"
    " with the prices of what is sold there."
)


@admin.register(Location)
class LocationAdmin(ShopAdmin):
    list_display = ("code", "name", "currency", "timezone")
    money = ("unlinked_return_limit",)

    def currency_of(self, row: Location | None) -> str:
        return row.currency if row else currency_of_shop()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """The limit is read in the currency that is typed beside it, where that is one."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        typed = request.POST.get("currency", "")
        if isinstance(field, MajorUnits) and is_listed(typed):
            return MajorUnits(currency=typed, label=field.label)
        if isinstance(field, MajorUnits):
            field.help_text = "In the currency of the location, as 12.50 of EUR or 12 of JPY"
        return field

    def save_model(self, request: HttpRequest, obj: Location, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if "currency" not in form.changed_data:
            return
        if follow_first_location(obj):
            messages.warning(request, FOLLOWED.format(currency=obj.currency))
        elif not has_list_in(obj.currency):
            messages.warning(request, NO_LIST.format(currency=obj.currency, location=obj.name))
