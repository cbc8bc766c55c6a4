"""Receipts to read, found by their numbers, and printed: a copy is printed by whose role reprints."""

from typing import Any
from uuid import UUID, uuid5

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html

from kernel.refusals import Refusal
from pos.receipts.html import receipt_html
from pos.receipts.models import REPORTS, Receipt
from pos.receipts.queries import receipts_named
from pos.receipts.reports import read_printed
from pos.receipts.services import count_print
from pos.receipts.text import WIDE_COLUMNS, receipt_text
from staff.duty.queries import user_sees_differences
from staff.duty.services.admin_acts import act
from web.admin import Confirmation, ExactSearch, ShopReadOnlyAdmin, sentence_of

PRINT = Confirmation(
    action="print",
    title="Print",
    consequence="The print is counted, and every one after the first is marked as a copy.",
    asks_reason=False,
)


def print_page(page: Any, request: HttpRequest, receipt: Receipt) -> HttpResponse:
    """Ask, then count the print and answer it as a page to print; or say why not, and ask for who approves it."""
    if not PRINT.is_given(request):
        return PRINT.ask(page, request, [receipt])
    try:
        printed = act(
            request,
            id=uuid5(receipt.id, f"print {receipt.print_count + 1}"),
            content={"receipt_id": str(receipt.id), "print": receipt.print_count + 1},
            reason=f"A copy of {receipt}",
            do=lambda command: count_print(receipt_id=receipt.id, command=command),
        )
    except Refusal as refusal:
        return PRINT.ask(page, request, [receipt], refusal=sentence_of(refusal))
    return HttpResponse(receipt_html(read_printed(printed.snapshot), copy=printed.copy))


@admin.register(Receipt)
class ReceiptAdmin(ExactSearch, ShopReadOnlyAdmin):
    list_display = ("__str__", "kind", "issued_at", "print_count")
    list_filter = ("kind", "issued_at")
    ordering = ("-issued_at",)
    search_help_text = "A receipt's number as it is printed (R1-000018), or the number alone"
    fields = ("kind", "series", "number", "issued_at", "print_count", "on_paper", "as_printed", "hash", "previous_hash")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        """Leave out what tells what should be in a drawer, for whoever may not see it."""
        rows: QuerySet[Receipt] = super().get_queryset(request)
        return rows if user_sees_differences(request) else rows.exclude(kind__in=REPORTS)

    def get_urls(self) -> Any:
        printed = path("<uuid:receipt_id>/print/", self.admin_site.admin_view(self.printed), name="pos_receipt_print")
        return [printed, *super().get_urls()]

    def printed(self, request: HttpRequest, receipt_id: UUID) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return print_page(self, request, get_object_or_404(self.get_queryset(request), id=receipt_id))

    def found(self, word: str) -> QuerySet[Receipt]:
        return receipts_named(word)

    @admin.display(description="print")
    def on_paper(self, receipt: Receipt) -> str:
        url = reverse("admin:pos_receipt_print", args=[receipt.id])
        return format_html('<a href="{}">{}</a>', url, "Print a copy" if receipt.print_count else "Print")

    @admin.display(description="as printed")
    def as_printed(self, receipt: Receipt) -> str:
        text = receipt_text(read_printed(receipt.snapshot), columns=WIDE_COLUMNS, copy=receipt.copy)
        return format_html("<pre>{}</pre>", text)
