"""Orders: rung up in one call, paid with further tenders, voided, shown, printed."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, OpenApiTypes
from rest_framework import generics
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.idempotency.requests import claimed
from kernel import limits
from kernel.refusals import NotFound, Refusal
from pos.cash.services import ShiftNotOpen
from pos.catalogue.goods import LinesInvalid
from pos.exceptions.services.quarantine import CommandHeld, QuarantineFull
from pos.orders.answers import encoded_order, encoded_quote, orders_shown
from pos.orders.arriving import MomentRefused
from pos.orders.bodies import A_MUG, AddTendersBody, OrderQuery, PlaceOrderBody, QuoteBody, VoidBody
from pos.orders.discounts import DiscountExceedsPrice
from pos.orders.models import Order
from pos.orders.plain import plain_order
from pos.orders.queries import lines_of_order, orders, orders_matching
from pos.orders.quotes import quote
from pos.orders.receiving import CLOCK, asked_discounts, asked_lines, receive_order
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput, RefundMismatch
from pos.orders.serializers import HeldSerializer, OrderSerializer, QuoteSerializer, ReceiptSerializer
from pos.orders.services.refusals import CurrencyMismatch, MoneyNotPermitted, OrderExists, OrderNotEditable
from pos.orders.services.voiding import void_order
from pos.orders.taking import receive_tenders
from pos.orders.tenders import TenderMismatch
from pos.receipts.queries import find_receipt
from pos.receipts.renderers import TextRenderer
from pos.receipts.snapshot import read_snapshot
from pos.receipts.text import receipt_text
from pos.registers.authentication import register_of
from staff.duty.permitting import REFUSALS
from web.commands import command_of
from web.encoded import Encoded
from web.operations import operation
from web.pages import RecordedPages
from web.scopes import ORDERS_READ, ORDERS_WRITE, PAYMENTS_WRITE, PRICES_READ, RECEIPTS_READ
from web.terminal import may_move_money


def _existing(order_id: UUID) -> Order:
    return generics.get_object_or_404(orders(), id=order_id)


class OrderPages(RecordedPages):
    nested = lines_of_order()
    most_nested = limits.MOST_LINES_ON_PAGE


REFUSES: tuple[type[Refusal], ...] = (
    OrderExists,
    CommandHeld,
    ShiftNotOpen,
    MomentRefused,
    LinesInvalid,
    DiscountExceedsPrice,
    TenderMismatch,
    *REFUSALS,
)


class OrderListView(generics.GenericAPIView[Order]):
    queryset = Order.objects.none()
    serializer_class = OrderSerializer
    pagination_class = OrderPages

    @operation(
        "place_order",
        body=PlaceOrderBody,
        answers={201: OrderSerializer, 202: HeldSerializer},
        refuses=(*REFUSES, QuarantineFull),
        keyed=True,
        scopes=[ORDERS_WRITE],
        at="register",
        plain=plain_order,
        holds=True,
        parameters=[CLOCK],
        example=A_MUG,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Ring up an order. With tenders that cover it, it is completed and has its receipt number.

        The order's id is made by the terminal and remains its key: the same request again, under whatever
        Idempotency-Key, gets the same order. With `tenders`, a key needs the scope `payments:write` as well, unless it
        is training. A paid sale is not refused: it is accepted with `exceptions`, or, from a
        revoked device or in a suspended shop, held until a person decides (202).
        """
        return receive_order(request, asked)

    @operation("list_orders", query=OrderQuery, answers=OrderSerializer(many=True), paged=True, scopes=[ORDERS_READ])
    def get(self, _request: Request, asked: dict[str, Any]) -> Response:
        """List the shop's orders, all of them or those that are looked for, the earliest first.

        They are in the order of their ids, or of when they were recorded where that is asked for. A page ends early at
        2,000 lines in all. To keep up with a shop read its events: a list is for looking up.
        """
        page = self.paginate_queryset(orders_matching(**asked))
        return self.get_paginated_response(orders_shown(page or []))


class OrderView(APIView):
    @operation("get_order", answers=OrderSerializer, scopes=[ORDERS_READ])
    def get(self, _request: Request, order_id: UUID) -> Response:
        return Encoded(encoded_order(_existing(order_id)))


class OrderTendersView(APIView):
    @operation(
        "add_tenders",
        body=AddTendersBody,
        answers={201: OrderSerializer, 202: HeldSerializer},
        refuses=[
            NotFound,
            ShiftNotOpen,
            OrderNotEditable,
            TenderMismatch,
            CurrencyMismatch,
            QuarantineFull,
            CommandHeld,
            *REFUSALS,
        ],
        keyed=True,
        holds=True,
        scopes=[PAYMENTS_WRITE],
        at="register",
        example={"tenders": [{"type": "cash", "amount": {"amount": 2500, "currency": "EUR"}}]},
    )
    def post(self, request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
        """Take further tenders for an order; it is completed when they settle it.

        What was taken is accepted without an open shift, with an exception; from a revoked device or in a suspended
        shop it is held until a person decides (202).
        """
        return receive_tenders(request, asked, order_id)


class OrderVoidView(APIView):
    @operation(
        "void_order",
        body=VoidBody,
        answers={200: OrderSerializer},
        refuses=[
            NotFound,
            OrderNotEditable,
            ShiftNotOpen,
            CurrencyMismatch,
            RefundExceedsPaid,
            RefundMismatch,
            NotRefundable,
            MoneyNotPermitted,
            *REFUSALS,
        ],
        keyed=True,
        scopes=[ORDERS_WRITE],
        at="register",
        example={"reason": "The customer changed their mind"},
    )
    def post(self, request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
        """Give up an order that is not completed. What was taken for it goes back, and so do cards that were charged.

        Cash and cards of the terminal go back here and now: as `refunds` say, or each in the way it was paid. Where
        something was taken or charged, a key needs the scope `payments:write` as well.
        """
        with claimed(request, "voids") as claim:
            if claim.is_new:
                order = void_order(
                    order_id=order_id,
                    reason=asked["reason"],
                    register=register_of(request),
                    now=timezone.now(),
                    refunds=[RefundInput(**each) for each in asked["refunds"]],
                    may_give_money=may_move_money(request),
                    command=command_of(request, asked, order_id),
                )
                claim.answer(encoded_order(order))
        return claim.response


class PriceQuoteView(APIView):
    @operation(
        "quote_price",
        body=QuoteBody,
        answers={200: QuoteSerializer},
        refuses=[LinesInvalid, DiscountExceedsPrice, TenderMismatch],
        scopes=[PRICES_READ],
        at="register",
        without_staff=True,
        example={"lines": [{"sku": "MUG-01", "quantity": "2"}], "discounts": [{"percent": "10"}]},
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Say what an order would come to, line by line: priced as it would be, and nothing is written."""
        priced = quote(
            register=register_of(request),
            lines=asked_lines(asked["lines"]),
            discounts=asked_discounts(asked["discounts"]),
            occurred_at=asked.get("occurred_at") or timezone.now(),
            tender_type=asked["tender_type"],
        )
        return Encoded(encoded_quote(priced))


class OrderReceiptView(APIView):
    renderer_classes = (JSONRenderer, TextRenderer)

    @operation(
        "get_receipt",
        answers={
            (200, "application/json"): ReceiptSerializer,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
        },
        refuses=[OrderNotEditable],
        scopes=[RECEIPTS_READ],
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        """Show the receipt of a completed order, as JSON or as text of 42 columns."""
        order = _existing(order_id)
        if order.receipt_id is None:
            message = f"order {order.id} is {order.status.lower()}: it has no receipt"
            raise OrderNotEditable(message)
        receipt = find_receipt(order.receipt_id)
        text = receipt_text(read_snapshot(receipt.snapshot), copy=receipt.copy)
        if request.accepted_renderer.format == "txt":
            return Response({"forms": {"txt": text.encode}})
        return Response({"receipt": str(receipt), "text": text})
