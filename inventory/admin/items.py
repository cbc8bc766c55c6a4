"""Stock items and the ledger: reorder points to edit, goods to receive, count and adjust, movements to read."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.db.models import Case, CharField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from inventory.admin.posting import MOST_LINES, PAGES, page_of
from inventory.models import StockItem, StockMovement
from inventory.resources import OpeningStock
from inventory.services import set_reorder_point
from web.admin import ReadOnlyInline, ShopAdmin, ShopReadOnlyAdmin
from web.admin.imports import ImportPage
from web.admin.names import named
from web.places import places_of_shop


class MovementInline(ReadOnlyInline):
    model = StockMovement
    source = named("source_id", "order", "return", label="document")
    fields = ("recorded_at", "kind", "quantity", "reason", "source_type", "source")
    ordering = ("-id",)
    per_page = 50


class AtLocation(admin.SimpleListFilter):
    title = "location"
    parameter_name = "location"

    def lookups(self, _request: HttpRequest, _page: Any) -> list[tuple[str, str]]:
        return [(str(id_), name) for id_, name in places_of_shop()]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[StockItem]) -> QuerySet[StockItem]:
        return queryset.filter(location_id=UUID(self.value())) if self.value() else queryset


@admin.register(StockItem)
class StockItemAdmin(ImportPage, ShopAdmin):
    rows = OpeningStock
    import_export_change_list_template = None
    change_list_template = "admin/inventory/stock_items.html"
    list_display = ("sku", "title", "location", "on_hand", "reorder_point", "updated_at")
    list_filter = (AtLocation,)
    search_fields = ("sku", "title")
    fields = ("sku", "title", "on_hand", "reorder_point")
    readonly_fields = ("sku", "title", "on_hand")
    inlines = (MovementInline,)
    actions = ("count", "adjust")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockItem]:
        named = [When(location_id=id_, then=Value(name)) for id_, name in places_of_shop()]
        rows: QuerySet[StockItem] = super().get_queryset(request)
        return rows.annotate(place=Case(*named, default=Value(""), output_field=CharField()))

    @admin.display(ordering="place")
    def location(self, item: Any) -> str:
        return str(item.place)

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(f"{name}/", self.admin_site.admin_view(page_of(self, kind)), name=f"inventory_{name}")
            for name, kind in PAGES.items()
        ]
        return [*pages, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        pages = [
            (reverse(f"admin:inventory_{name}"), kind.title)
            for name, kind in PAGES.items()
            if request.user.has_perm(kind.permission)
        ]
        if self.has_import_permission(request):
            pages.append((reverse("admin:inventory_stockitem_import"), "Import opening stock"))
        pages.append((reverse("admin:inventory_stockitem_export"), "Export"))
        context = {"posting_pages": pages, **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[no-any-return]

    @admin.action(description="Count: type what is on the shelf", permissions=["adjust"])
    def count(self, _request: HttpRequest, items: QuerySet[StockItem]) -> HttpResponse | None:
        return _to("count", items)

    @admin.action(description="Adjust: type what was lost or found", permissions=["adjust"])
    def adjust(self, _request: HttpRequest, items: QuerySet[StockItem]) -> HttpResponse | None:
        return _to("adjust", items)

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("inventory.receive_goods")

    def has_adjust_permission(self, request: HttpRequest) -> bool:
        return self.on_its_host() and request.user.has_perm("inventory.adjust_stock")

    def save_model(self, request: HttpRequest, obj: StockItem, form: Any, change: bool) -> None:  # noqa: FBT001
        set_reorder_point(item_id=obj.id, reorder_point=obj.reorder_point)

    def has_add_permission(self, _request: HttpRequest, _parent: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: object = None) -> bool:
        return False


def _to(name: str, items: QuerySet[StockItem]) -> HttpResponse | None:
    """Lead to a page with the goods that were chosen; all of them at the place of the first. None for none."""
    chosen = list(items.order_by("sku")[:MOST_LINES])
    if not chosen:
        return None
    here = [item for item in chosen if item.location_id == chosen[0].location_id]
    query = urlencode({"location": here[0].location_id, "sku": [item.sku for item in here]}, doseq=True)
    return HttpResponseRedirect(f"{reverse(f'admin:inventory_{name}')}?{query}")


@admin.register(StockMovement)
class StockMovementAdmin(ShopReadOnlyAdmin):
    list_display = ("recorded_at", "item", "kind", "quantity", "reason", "source", "moved_by")
    list_filter = ("kind",)
    list_select_related = ("item",)
    fields = (
        "item", "kind", "quantity", "reason", "source", "moved_by", "approval", "occurred_at", "recorded_at", "id",
    )  # fmt: skip
    source = named("source_id", "order", "return", label="document")
    moved_by = named("staff_id", "staff member", label="moved by")
    approval = named("approval_id", "approval", label="approval")
    search_fields = ("item__sku", "source_id")
    ordering = ("-id",)
