"""Refunds: how each of them ended, what the shop owes, and paying that in another way."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from kernel.refusals import NotFound
from pos.cash.services import ShiftNotOpen
from pos.orders.models import Refund
from pos.orders.refunds import NotRefundable, RefundExceedsPaid
from pos.orders.services.refusals import CurrencyMismatch
from pos.refunds.queries import refunds, refunds_matching
from pos.refunds.services import NothingOwed, replace_refund
from pos.registers.authentication import register_of
from staff.duty.permitting import REFUSALS
from web.commands import ApprovableBody, command_of
from web.fields import Choice, Reference, Text
from web.inputs import Query
from web.money import InOwnCurrency, MoneyField, money
from web.operations import operation
from web.pages import Pages
from web.scopes import PAYMENTS_READ, PAYMENTS_WRITE


class RefundQuery(Query):
    state = Choice(Refund.State.values, required=False)
    owed = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="`true`: what was refused and is not paid yet"
    )
    order_id = serializers.UUIDField(required=False, help_text="Of which goods came back, or which was cancelled")
    return_id = serializers.UUIDField(required=False)


class ReplacementBody(ApprovableBody):
    type = Text(
        limits.SHORT_CODE, help_text="The code of the tender type by which it is paid; the card's, to try it again"
    )
    amount = MoneyField(lowest=1, required=False, help_text="All that is owed, when left out")
    reference = Reference(help_text="That the terminal gave")


class RefundDetailSerializer(InOwnCurrency, serializers.ModelSerializer[Refund]):
    return_id = serializers.UUIDField(source="parent_id", read_only=True, allow_null=True)
    order_id = serializers.SerializerMethodField()
    receipt = serializers.SerializerMethodField(help_text="Of the return, or of the order without one; may be empty")
    type = serializers.CharField(source="type.code", read_only=True)
    amount = MoneyField(read_only=True)
    owed = serializers.SerializerMethodField(help_text="What was refused and is not paid in another way yet")

    class Meta:
        model = Refund
        fields = (
            "id", "return_id", "order_id", "receipt", "tender_id", "type", "amount", "state", "failure", "reference",
            "instead_of_id", "owed", "register_id", "shift_id", "business_date", "occurred_at",
        )  # fmt: skip

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_order_id(self, refund: Refund) -> str | None:
        order_id = refund.parent.order_id if refund.parent else refund.order_id
        return str(order_id) if order_id else None

    def get_receipt(self, refund: Refund) -> str:
        source = refund.parent or refund.order
        return source.receipt if source else ""

    @extend_schema_field(MoneyField(read_only=True))
    def get_owed(self, refund: Refund) -> dict[str, Any]:
        owed = refund.amount - refund.paid_instead if refund.is_owed else 0  # type: ignore[attr-defined]
        return money(owed, refund.currency)


class RefundListView(generics.GenericAPIView[Refund]):
    queryset = Refund.objects.none()
    serializer_class = RefundDetailSerializer
    pagination_class = Pages

    @operation(
        "list_refunds",
        query=RefundQuery,
        answers=RefundDetailSerializer(many=True),
        paged=True,
        scopes=[PAYMENTS_READ],
    )
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List refunds: all, those of an order or a return, or with `owed=true` what the shop owes its customers."""
        page = self.paginate_queryset(refunds_matching(**asked))
        return self.get_paginated_response(RefundDetailSerializer(page, many=True).data)


class RefundView(APIView):
    @operation("get_refund", answers=RefundDetailSerializer, scopes=[PAYMENTS_READ])
    def get(self, _request: Request, refund_id: UUID) -> Response:
        return Response(RefundDetailSerializer(generics.get_object_or_404(refunds(), id=refund_id)).data)


class RefundReplacementsView(APIView):
    @operation(
        "replace_refund",
        body=ReplacementBody,
        answers={201: RefundDetailSerializer},
        refuses=[NotFound, NothingOwed, ShiftNotOpen, CurrencyMismatch, RefundExceedsPaid, NotRefundable, *REFUSALS],
        keyed=True,
        scopes=[PAYMENTS_WRITE],
        at="register",
        example={"type": "cash"},
    )
    def post(self, request: Request, asked: dict[str, Any], refund_id: UUID) -> Response:
        """Pay what is owed of a refund that the gateway refused: in another way, or by its card once more.

        The answer is the refused refund, with what is owed still; `list_refunds` shows those in its place.
        """
        with claimed(request, "refund-replacements") as claim:
            if claim.is_new:
                command = command_of(request, asked)
                refund = replace_refund(
                    refund_id=refund_id,
                    register=register_of(request),
                    now=timezone.now(),
                    command=command,
                    **asked,
                )
                claim.answer(RefundDetailSerializer(refund).data, status=201)
        return claim.response
