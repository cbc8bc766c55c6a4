"""Receipts to read, found by their numbers."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html

from pos.receipts.models import Receipt
from pos.receipts.queries import receipts_named
from pos.receipts.reports import read_printed
from pos.receipts.text import WIDE_COLUMNS, receipt_text
from web.admin import ExactSearch, ShopReadOnlyAdmin


@admin.register(Receipt)
class ReceiptAdmin(ExactSearch, ShopReadOnlyAdmin):
    list_display = ("__str__", "kind", "issued_at", "print_count")
    list_filter = ("kind", "issued_at")
    ordering = ("-issued_at",)
    search_help_text = "A receipt's number as it is printed (R1-000018), or the number alone"
    fields = ("kind", "series", "number", "issued_at", "print_count", "as_printed", "hash", "previous_hash")

    def found(self, word: str) -> QuerySet[Receipt]:
        return receipts_named(word)

    @admin.display(description="as printed")
    def as_printed(self, receipt: Receipt) -> str:
        text = receipt_text(read_printed(receipt.snapshot), columns=WIDE_COLUMNS, copy=receipt.copy)
        return format_html("<pre>{}</pre>", text)
