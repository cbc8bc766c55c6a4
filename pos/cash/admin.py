"""Tender types and drawers to edit; shifts with their Z reports, moved cash and counts to read."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join

from kernel.money import formatted
from kernel.permissions import Permission
from pos.cash.models import CashCount, CashMovement, Shift, ShiftAmendment, TenderType
from pos.receipts.admin import print_page
from pos.receipts.html import receipt_html
from pos.receipts.models import Receipt
from pos.receipts.reports import read_printed
from pos.receipts.text import WIDE_COLUMNS, receipt_text
from pos.registers.models import CashDrawer
from staff.duty.queries import user_may, user_sees_differences
from web.admin import ReadOnlyInline, ShopAdmin, ShopReadOnlyAdmin, see_differences_by
from web.admin.names import named

SEEN_BY_SOME = {"difference", "grand_total", "print_z", "z_report"}
"""What tells of a shift what should be in its drawer: nothing for whoever's role at the till counts blind."""


see_differences_by(user_sees_differences)


@admin.register(TenderType)
class TenderTypeAdmin(ShopAdmin):
    list_display = ("code", "name", "kind", "smallest_coin")

    @admin.display(description="smallest coin (minor units)", ordering="rounding_step")
    def smallest_coin(self, type_: TenderType) -> int | str:
        return type_.rounding_step if type_.kind == TenderType.Kind.CASH else ""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """A type is of all currencies of the shop: its step is one number of minor units, and no amount of money."""
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name == "rounding_step":
            field.label = "Smallest coin (minor units)"
            field.help_text = "Of cash: 5 where the smallest coin is 0.05 EUR or 5 JPY; 1 for all other types"
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The shop's first exchange makes the type for exchanges, which stays what it is."""
        fixed = ("kind", "rounding_step") if obj and obj.kind == TenderType.Kind.EXCHANGE else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_choice_field(db_field, request, **options)
        if db_field.name == "kind":
            field.choices = [choice for choice in field.choices if choice[0] != TenderType.Kind.EXCHANGE]
        return field


@admin.register(CashDrawer)
class CashDrawerAdmin(ShopAdmin):
    list_display = ("name", "location", "series", "shared_by", "grand_total")
    list_select_related = ("location",)
    fields = ("name", "location", "series", "grand_total_shown")
    readonly_fields = ("series", "grand_total_shown")
    money = ("grand_total",)

    def currency_of(self, row: CashDrawer) -> str:
        return row.location.currency

    def get_queryset(self, request: HttpRequest) -> QuerySet[CashDrawer]:
        rows: QuerySet[CashDrawer] = super().get_queryset(request)
        return rows.prefetch_related("registers")

    def get_readonly_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """A drawer stays where it is: its registers and its grand total are of that location."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "location")

    @admin.display(description="registers")
    def shared_by(self, drawer: CashDrawer) -> str:
        return ", ".join(register.code for register in drawer.registers.all())


class MovementInline(ReadOnlyInline):
    model = CashMovement
    fields = ("kind", "amount", "reason_code", "note", "register", "occurred_at")
    ordering = ("recorded_at", "id")
    money = ("amount",)


class CountInline(ReadOnlyInline):
    model = CashCount
    fields = ("counted", "expected", "register", "recorded_at")
    ordering = ("recorded_at", "id")
    money = ("counted", "expected")


class AmendmentInline(ReadOnlyInline):
    model = ShiftAmendment
    fields = ("number", "grand_total", "recorded_at", "receipt_id")
    ordering = ("number",)
    money = ("grand_total",)


@admin.register(Shift)
class ShiftAdmin(ShopReadOnlyAdmin):
    list_display = ("__str__", "drawer", "state", "opened_at", "closed_at", "float_amount", "difference")
    list_filter = ("state", "drawer", "opened_at")
    list_select_related = ("register__location", "drawer")
    ordering = ("-opened_at",)
    fields = (
        "drawer", "number", "state", "register", "business_date", "opened_at", "closed_at", "approval",
        "float_amount", "difference", "grand_total", "note", "print_z", "z_report",
    )  # fmt: skip
    money = ("float_amount", "grand_total")
    approval = named("approval_id", "approval", label="approval of the closing")
    inlines = (MovementInline, CountInline, AmendmentInline)

    def get_urls(self) -> Any:
        printed = path("<uuid:shift_id>/z/", self.admin_site.admin_view(self.printable), name="pos_shift_z")
        return [printed, *super().get_urls()]

    def printable(self, request: HttpRequest, shift_id: UUID) -> HttpResponse:
        """Answer the Z report of a shift as a page to print; whose role does not reprint prints it as any receipt."""
        if not self.has_view_permission(request) or not user_sees_differences(request):
            raise PermissionDenied
        receipt = Receipt.objects.filter(kind=Receipt.Kind.Z, source_id=shift_id).first()
        if receipt is None:
            message = f"no Z report of a shift {shift_id} exists"
            raise Http404(message)
        if request.method == "GET" and user_may(request, Permission.REPRINT):
            return HttpResponse(receipt_html(read_printed(receipt.snapshot), copy=receipt.copy))
        return print_page(self, request, receipt)

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.seen(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.seen(request, super().get_fields(request, obj))

    def seen(self, request: HttpRequest, names: Any) -> list[Any]:
        hidden = set() if user_sees_differences(request) else {*SEEN_BY_SOME, *self.with_currency(SEEN_BY_SOME)}
        return [name for name in names if name not in hidden]

    def get_inlines(self, request: HttpRequest, _obj: Any) -> Any:
        return [inline for inline in self.inlines if user_sees_differences(request) or inline is MovementInline]

    @admin.display(description="over or short")
    def difference(self, shift: Shift) -> str:
        if shift.over_short is None:
            return "-"
        lines = [(type_, formatted(amount, shift.currency)) for type_, amount in shift.over_short.items()]
        return format_html_join(", ", "{} {}", lines)

    @admin.display(description="print")
    def print_z(self, shift: Shift) -> str:
        if shift.receipt_id is None:
            return "-"
        return format_html('<a href="{}" target="_blank">Z report</a>', reverse("admin:pos_shift_z", args=[shift.id]))

    @admin.display(description="Z report")
    def z_report(self, shift: Shift) -> str:
        receipt = Receipt.objects.filter(id=shift.receipt_id).first() if shift.receipt_id else None
        if receipt is None:
            return "-"
        text = receipt_text(read_printed(receipt.snapshot), columns=WIDE_COLUMNS, copy=receipt.copy)
        return format_html("<pre>{}</pre>", text)


@admin.register(CashMovement)
class CashMovementAdmin(ShopReadOnlyAdmin):
    list_display = ("occurred_at", "kind", "amount", "reason_code", "shift", "register")
    list_filter = ("kind", "occurred_at")
    list_select_related = ("register__location", "shift")
    ordering = ("-recorded_at", "-id")
    money = ("amount",)

    def currency_of(self, row: CashMovement) -> str:
        return row.register.location.currency
