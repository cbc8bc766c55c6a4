"""Returns: of an order's lines, or of goods without a receipt."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import Claim, claimed
from kernel import limits
from kernel.bounds import NumberTooLarge
from kernel.ids import new_id
from kernel.refusals import NotFound, Refusal
from pos.cash.services import ShiftNotOpen
from pos.catalogue.goods import LinesInvalid
from pos.orders.receiving import CLOCK, clock_offset
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput, RefundMismatch
from pos.orders.services.refusals import CurrencyMismatch
from pos.registers.authentication import device_of, register_of
from pos.returns.bodies import CompleteReturnBody, QuoteReturnBody, ReturnQuery
from pos.returns.lines import RefundExceedsQuantity, ReturnLineInput
from pos.returns.models import Return
from pos.returns.queries import lines_of_return, returns, returns_matching
from pos.returns.quotes import quote_return
from pos.returns.serializers import QuotedReturnSerializer, ReturnSerializer
from pos.returns.services import OrderNotCompleted, ReturnAboveLimit, ReturnExists, complete_return
from staff.duty.permitting import REFUSALS
from web.commands import command_of
from web.operations import operation
from web.pages import RecordedPages
from web.scopes import ORDERS_READ, ORDERS_WRITE, PAYMENTS_WRITE


class ReturnPages(RecordedPages):
    nested = lines_of_return()
    most_nested = limits.MOST_LINES_ON_PAGE


A_MUG = {
    "id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02",
    "occurred_at": "2026-11-23T12:05:00Z",
    "lines": [{"sku": "MUG-01", "unit_price": {"amount": 1250, "currency": "EUR"}, "quantity": "1"}],
    "reason": "A crack in the handle",
    "refunds": [{"type": "cash"}],
}


QUOTE_REFUSES: tuple[type[Refusal], ...] = (
    ShiftNotOpen,
    NotFound,
    OrderNotCompleted,
    ReturnAboveLimit,
    RefundExceedsQuantity,
    LinesInvalid,
    CurrencyMismatch,
)
REFUSES: tuple[type[Refusal], ...] = (
    ReturnExists,
    *QUOTE_REFUSES,
    RefundExceedsPaid,
    RefundMismatch,
    NotRefundable,
    *REFUSALS,
)
REFUSED_UNLESS_MADE: tuple[type[Refusal], ...] = (*REFUSES, NumberTooLarge)


class ReturnListView(generics.GenericAPIView[Return]):
    queryset = Return.objects.none()
    serializer_class = ReturnSerializer
    pagination_class = ReturnPages

    @operation(
        "complete_return",
        body=CompleteReturnBody,
        answers={201: ReturnSerializer},
        refuses=REFUSES,
        keyed=True,
        scopes=[ORDERS_WRITE, PAYMENTS_WRITE],
        at="register",
        parameters=[CLOCK],
        example=A_MUG,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take goods back and give their money back.

        With an order it goes to the tenders that paid, none more than it paid: to those that `refunds` name, or to the
        first one first. A refund through the gateway is `PENDING` until that answers; one that it refuses is `FAILED`
        and owed, see `replace_refund`.
        """
        lines, now = asked_lines(asked), timezone.now()
        try:
            with claimed(request, "returns") as claim:
                if claim.is_new:
                    command = command_of(request, asked)
                    returned = complete_return(
                        **{**asked, "lines": lines, "refunds": [RefundInput(**each) for each in asked["refunds"]]},
                        register=register_of(request),
                        device=device_of(request),
                        clock_offset=clock_offset(request, now),
                        now=now,
                        fingerprint=claim.fingerprint,
                        command=command,
                    )
                    claim.answer(ReturnSerializer(returned).data, status=201)
        except REFUSED_UNLESS_MADE as refusal:
            _answer_again(claim, asked["id"], refusal)
        return claim.response

    @operation("list_returns", query=ReturnQuery, answers=ReturnSerializer(many=True), paged=True, scopes=[ORDERS_READ])
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List the shop's returns, all of them or those that are looked for, the earliest first.

        Their order and their pages are those of orders.
        """
        page = self.paginate_queryset(returns_matching(**asked))
        return self.get_paginated_response(ReturnSerializer(page, many=True).data)


class ReturnQuoteView(APIView):
    @operation(
        "quote_return",
        body=QuoteReturnBody,
        answers={200: QuotedReturnSerializer},
        refuses=QUOTE_REFUSES,
        scopes=[ORDERS_READ],
        at="register",
        without_staff=True,
        example={"lines": A_MUG["lines"]},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Say what a return would give back, line by line: priced as it would be, and nothing is written."""
        quoted = quote_return(
            register=register_of(request),
            order_id=asked["order_id"],
            lines=asked_lines(asked),
            refund_to=asked["refund_to"],
            refunds=[RefundInput(**each) for each in asked["refunds"]],
            now=timezone.now(),
        )
        return Response(QuotedReturnSerializer(quoted).data)


def asked_lines(asked: dict[str, Any]) -> list[ReturnLineInput]:
    return [ReturnLineInput(**{"id": new_id(), **line}) for line in asked["lines"]]


def _answer_again(claim: Claim, return_id: UUID, refusal: Refusal) -> None:
    """Answer the return that exists, where this request is the one that made it; what it is refused for came later."""
    returned = returns().filter(id=return_id).first()
    if returned is None:
        raise refusal
    if returned.fingerprint != claim.fingerprint:
        raise ReturnExists(return_id) from refusal
    claim.answer_again(ReturnSerializer(returned).data, status=201)


class ReturnView(APIView):
    @operation("get_return", answers=ReturnSerializer, scopes=[ORDERS_READ])
    def get(self, _request: Request, return_id: UUID) -> Response:
        return Response(ReturnSerializer(generics.get_object_or_404(returns(), id=return_id)).data)
