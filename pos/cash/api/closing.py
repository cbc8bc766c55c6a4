"""Shifts are closed, and reported before and after."""

from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from kernel.refusals import NotFound, Refusal
from pos.cash.api.cash import denominations_field, read_count
from pos.cash.api.serializers import ShiftSerializer
from pos.cash.api.shifts import shown as shown_shift
from pos.cash.models import Shift
from pos.cash.queries import find_shift
from pos.cash.services import ShiftNotOpen
from pos.cash.services.closing import close_shift
from pos.cash.services.counts import CountInvalid
from pos.cash.services.reporting import issue_x_report, x_report
from pos.receipts.api import IssuedReceiptSerializer, ReceiptQuery, shown
from pos.receipts.queries import find_receipt
from pos.receipts.renderers import HtmlRenderer, PdfRenderer, TextRenderer, forms_of
from pos.receipts.reports import read_printed
from pos.receipts.text import COLUMNS, receipt_text
from pos.registers.authentication import register_of, require_sight, sees_over_short
from staff.duty.permitting import REFUSALS, PermissionDenied
from web.commands import ApprovableBody, command_of
from web.fields import Text, UUIDv7Field
from web.inputs import Body
from web.money import MoneyField
from web.operations import operation
from web.scopes import PAYMENTS_READ

RENDERERS = (JSONRenderer, TextRenderer, HtmlRenderer, PdfRenderer)
PRINTED = {
    (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
    (200, "text/html"): OpenApiResponse(OpenApiTypes.STR),
    (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY),
}
MOST_COUNTS = 50


class ShiftStillOpen(Refusal):
    code = "shift-still-open"
    title = "Shift still open"


class CountBody(Body):
    """What was counted of a tender type: `amount`, `denominations`, or both, which then agree."""

    tender_type = Text(limits.SHORT_CODE)
    amount = MoneyField(required=False)
    denominations = denominations_field()


class CloseShiftBody(ApprovableBody):
    counts = CountBody(many=True, allow_empty=False, max_length=MOST_COUNTS)  # type: ignore[call-arg]
    note = Text(limits.NOTE, optional=True)


class XReportBody(Body):
    id = UUIDv7Field()


class ShiftReportSerializer(serializers.Serializer[Any]):
    """`snapshot` is what the report says: totals by register, tax and tender, movements, and what is expected. Amounts
    are minor units of its `currency`.
    """

    snapshot = serializers.DictField()
    text = serializers.CharField()


class CloseShiftView(APIView):
    @operation(
        "close_shift",
        body=CloseShiftBody,
        answers={200: ShiftSerializer},
        refuses=[NotFound, ShiftNotOpen, CountInvalid, *REFUSALS],
        keyed=True,
        at="register",
        example={"counts": [{"tender_type": "cash", "denominations": [{"value": 5000, "count": 3}]}]},
    )
    def post(self, request: Request, asked: dict[str, Any], shift_id: UUID) -> Response:
        """Close a shift by what was counted. Any difference is noted as over or short. The answer names its Z."""
        with claimed(request, "closings") as claim:
            if claim.is_new:
                command = command_of(request, asked, shift_id)
                close_shift(
                    shift_id=shift_id,
                    register=register_of(request),
                    counts=[read_count(each, type_=each["tender_type"]) for each in asked["counts"]],
                    note=asked["note"],
                    now=timezone.now(),
                    command=command,
                )
                claim.answer(shown_shift(find_shift(shift_id), blind=not sees_over_short(request)))
        return claim.response


class XReportView(APIView):
    renderer_classes = RENDERERS

    @operation(
        "show_x_report",
        query=ReceiptQuery,
        answers={(200, "application/json"): ShiftReportSerializer, **PRINTED},
        refuses=[NotFound, ShiftNotOpen, PermissionDenied],
        at="register",
    )
    def get(self, request: Request, asked: dict[str, Any], shift_id: UUID) -> Response:
        """Show what an open shift comes to now: as JSON, text, a page to print, or PDF."""
        require_sight(request)
        report = x_report(shift_id=shift_id, register=register_of(request), now=timezone.now())
        if request.accepted_renderer.format == "json":
            text = receipt_text(report, columns=asked["columns"])
            return Response({"snapshot": msgspec.to_builtins(report), "text": text})
        return Response(forms_of(report, columns=asked["columns"]))


class XReportsView(APIView):
    @operation(
        "issue_x_report",
        body=XReportBody,
        answers={201: IssuedReceiptSerializer},
        refuses=[NotFound, ShiftNotOpen, PermissionDenied],
        keyed=True,
        at="register",
        example={"id": "019ac8ee-0c10-7b1a-b3d5-90f2a1c4e6db"},
    )
    def post(self, request: Request, asked: dict[str, Any], shift_id: UUID) -> Response:
        """Issue an X report as a receipt, with a number."""
        require_sight(request)
        with claimed(request, "x-reports") as claim:
            if claim.is_new:
                receipt = issue_x_report(
                    id=asked["id"], shift_id=shift_id, register=register_of(request), now=timezone.now()
                )
                claim.answer(shown(receipt, COLUMNS), status=201)
        return claim.response


class ZReportView(APIView):
    renderer_classes = RENDERERS

    @operation(
        "show_z_report",
        query=ReceiptQuery,
        answers={(200, "application/json"): IssuedReceiptSerializer, **PRINTED},
        refuses=[NotFound, ShiftStillOpen, PermissionDenied],
        scopes=[PAYMENTS_READ],
    )
    def get(self, request: Request, asked: dict[str, Any], shift_id: UUID) -> Response:
        """Show the Z report of a closed shift as it was issued: as JSON, text, a page to print, or PDF."""
        require_sight(request)
        shift = find_shift(shift_id)
        if shift.state == Shift.State.OPEN or shift.receipt_id is None:
            message = f"shift {shift.number} was not closed yet: ask for its X report"
            raise ShiftStillOpen(message)
        receipt = find_receipt(shift.receipt_id)
        if request.accepted_renderer.format == "json":
            return Response(shown(receipt, asked["columns"]))
        return Response(forms_of(read_printed(receipt.snapshot), columns=asked["columns"], copy=receipt.copy))
