"""The stockroom in the admin of a shop: reorder points to edit, the ledger to read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.models import StockItem, StockMovement
from inventory.services import set_reorder_point
from web.admin import ReadOnlyInline, ShopAdmin, ShopReadOnlyAdmin


class MovementInline(ReadOnlyInline):
    model = StockMovement
    fields = ("recorded_at", "kind", "quantity", "reason", "source_type", "source_id")
    ordering = ("-id",)
    per_page = 50


@admin.register(StockItem)
class StockItemAdmin(ShopAdmin):
    list_display = ("sku", "title", "on_hand", "reorder_point", "updated_at")
    search_fields = ("sku", "title")
    fields = ("sku", "title", "on_hand", "reorder_point")
    readonly_fields = ("sku", "title", "on_hand")
    inlines = (MovementInline,)

    def save_model(self, request: HttpRequest, obj: StockItem, form: Any, change: bool) -> None:  # noqa: FBT001
        set_reorder_point(item_id=obj.id, reorder_point=obj.reorder_point)

    def has_add_permission(self, _request: HttpRequest, _parent: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: object = None) -> bool:
        return False


@admin.register(StockMovement)
class StockMovementAdmin(ShopReadOnlyAdmin):
    list_display = ("recorded_at", "item", "kind", "quantity", "reason", "source_id")
    list_filter = ("kind",)
    list_select_related = ("item",)
    search_fields = ("item__sku", "source_id")
    ordering = ("-id",)
