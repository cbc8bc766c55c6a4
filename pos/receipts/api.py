"""Receipts: shown as they were issued, and printed."""

from typing import Any
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes, extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel.refusals import NotFound
from pos.receipts.models import REPORTS, Receipt
from pos.receipts.queries import find_receipt
from pos.receipts.renderers import HtmlRenderer, PdfRenderer, TextRenderer, forms_of
from pos.receipts.reports import read_printed
from pos.receipts.services import count_print, mail_receipt
from pos.receipts.text import COLUMNS, WIDE_COLUMNS, receipt_text
from pos.registers.authentication import require_sight
from staff.duty.permitting import REFUSALS, PermissionDenied
from web.commands import ApprovableBody, command_of
from web.fields import Choice, MailAddress
from web.inputs import Body, Query
from web.operations import operation
from web.scopes import RECEIPTS_READ, RECEIPTS_WRITE

WIDTHS = (COLUMNS, WIDE_COLUMNS)


class ReceiptQuery(Query):
    columns = Choice(WIDTHS, default=COLUMNS, help_text="Of the text")


class PrintBody(ApprovableBody):
    columns = Choice(WIDTHS, default=COLUMNS, help_text="Of the text")


class DeliveryBody(Body):
    to = MailAddress(required=True, default=empty, allow_blank=False)


class IssuedReceiptSerializer(serializers.ModelSerializer[Receipt]):
    """`snapshot` is what the receipt was issued with: seller, place, time, lines, taxes, tenders. Amounts are minor
    units of its `currency`; unit prices, quantities and rates are decimals in strings.
    """

    receipt = serializers.CharField(source="__str__", read_only=True)
    copy = serializers.IntegerField(help_text="Of the last print; 0 for the first one", read_only=True)
    snapshot = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()

    class Meta:
        model = Receipt
        fields = (
            "id", "kind", "series", "number", "receipt", "source_id", "hash", "previous_hash", "print_count", "copy",
            "issued_at", "snapshot", "text",
        )  # fmt: skip

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_snapshot(self, receipt: Receipt) -> Any:
        return msgspec.json.decode(receipt.snapshot)

    @extend_schema_field(OpenApiTypes.STR)
    def get_text(self, receipt: Receipt) -> str:
        columns: int = self.context["columns"]
        return receipt_text(read_printed(receipt.snapshot), columns=columns, copy=receipt.copy)


class QueuedDeliverySerializer(serializers.ModelSerializer[Receipt]):
    receipt = serializers.CharField(source="__str__", read_only=True)

    class Meta:
        model = Receipt
        fields = ("id", "receipt")


def shown(receipt: Receipt, columns: int) -> Any:
    return IssuedReceiptSerializer(receipt, context={"columns": columns}).data


def _visible(request: Request, receipt_id: UUID) -> Receipt:
    """Find a receipt, for every way in which it leaves.

    :raises NotFound: when there is no such receipt.
    :raises PermissionDenied: when it tells what should be in a drawer, and who is signed in counts blind.
    """
    receipt = find_receipt(receipt_id)
    if receipt.kind in REPORTS:
        require_sight(request)
    return receipt


class ReceiptView(APIView):
    renderer_classes = (JSONRenderer, TextRenderer, HtmlRenderer, PdfRenderer)

    @operation(
        "show_receipt",
        query=ReceiptQuery,
        scopes=[RECEIPTS_READ],
        answers={
            (200, "application/json"): IssuedReceiptSerializer,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
            (200, "text/html"): OpenApiResponse(OpenApiTypes.STR),
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY),
        },
        refuses=[NotFound, PermissionDenied],
    )
    def get(self, request: Request, asked: dict[str, Any], receipt_id: UUID) -> Response:
        """Show a receipt as it was issued and last printed: as JSON, text, a page to print, or PDF."""
        receipt = _visible(request, receipt_id)
        if request.accepted_renderer.format == "json":
            return Response(shown(receipt, asked["columns"]))
        return Response(forms_of(read_printed(receipt.snapshot), columns=asked["columns"], copy=receipt.copy))


class ReceiptPrintsView(APIView):
    @operation(
        "print_receipt",
        body=PrintBody,
        answers={201: IssuedReceiptSerializer},
        refuses=[NotFound, *REFUSALS],
        keyed=True,
        scopes=[RECEIPTS_WRITE],
        example={"columns": 48},
    )
    def post(self, request: Request, asked: dict[str, Any], receipt_id: UUID) -> Response:
        """Count a print, and answer what to print: every print after the first is marked as a copy."""
        with claimed(request, "prints") as claim:
            if claim.is_new:
                command = command_of(request, asked, receipt_id)
                printed = count_print(receipt_id=_visible(request, receipt_id).id, command=command)
                claim.answer(shown(printed, asked["columns"]), status=201)
        return claim.response


class ReceiptDeliveriesView(APIView):
    @operation(
        "mail_receipt",
        body=DeliveryBody,
        answers={202: QueuedDeliverySerializer},
        refuses=[NotFound, PermissionDenied],
        keyed=True,
        scopes=[RECEIPTS_WRITE],
        example={"to": "ada@example.com"},
    )
    def post(self, request: Request, asked: dict[str, Any], receipt_id: UUID) -> Response:
        """Mail a receipt to an address, which is kept with the mail alone."""
        with claimed(request, "deliveries") as claim:
            if claim.is_new:
                receipt = mail_receipt(receipt_id=_visible(request, receipt_id).id, to=asked["to"])
                claim.answer(QueuedDeliverySerializer(receipt).data, status=202)
        return claim.response
