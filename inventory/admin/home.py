"""The card of the admin's home that says what to order."""

from django.http import HttpRequest
from django.urls import reverse

from inventory.queries import items_to_order
from kernel.money import written
from kernel.tenancy import in_public
from web.admin.home import Card, home_card

MOST_ALERTS, SHOWN = 100, 10


@home_card(30)
def stock_alerts(request: HttpRequest) -> Card | None:
    """Show what is to be ordered, and what was sold that was not there."""
    if in_public() or not request.user.has_perm("inventory.view_stockitem"):
        return None
    found = list(items_to_order()[: MOST_ALERTS + 1])
    more = " or more" if len(found) > MOST_ALERTS else ""
    return Card(
        title="Stock alerts",
        figures=[("Low, or below zero", f"{min(len(found), MOST_ALERTS)}{more}")],
        heads=("SKU", "Title", "On hand", "Order at"),
        rows=[(each.sku, each.title, written(each.on_hand), written(each.reorder_point)) for each in found[:SHOWN]],
        note="Nothing is low.",
        link=(reverse("admin:inventory_stockitem_changelist"), "All stock"),
    )
