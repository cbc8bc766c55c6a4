"""Exchanges: goods for other goods, with one payment of the difference."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
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
from pos.exchanges.services import Brought, Exchange, Wanted, exchange_goods
from pos.orders.answers import orders_shown
from pos.orders.arriving import Arrival, MomentRefused, corrected, is_paid
from pos.orders.bodies import DiscountBody, OrderLineBody, RefundBody, TenderBody
from pos.orders.discounts import DiscountExceedsPrice
from pos.orders.doors import closed_door
from pos.orders.models import Order
from pos.orders.queries import orders
from pos.orders.receiving import CLOCK, asked_discounts, asked_lines, asked_tenders, clock_offset
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput, RefundMismatch
from pos.orders.serializers import OrderSerializer
from pos.orders.services.refusals import CurrencyMismatch, OrderExists
from pos.orders.tenders import TenderMismatch
from pos.registers.authentication import device_of, register_of
from pos.returns.api import ReturnBody, ReturnSerializer
from pos.returns.lines import RefundExceedsQuantity, ReturnLineInput
from pos.returns.queries import returns
from pos.returns.services import OrderNotCompleted, ReturnAboveLimit, ReturnExists
from staff.duty.permitting import REFUSALS
from web.commands import ApprovableBody, command_of
from web.fields import MailAddress, ReportedMomentField, Text, UUIDv7Field
from web.inputs import Body
from web.money import MoneyField, money
from web.operations import operation
from web.scopes import ORDERS_WRITE, PAYMENTS_WRITE


class WantedBody(Body):
    id = UUIDv7Field()
    lines = OrderLineBody(many=True, allow_empty=False, max_length=limits.MOST_LINES)  # type: ignore[call-arg]
    discounts = DiscountBody(many=True, default=list, max_length=limits.MOST_DISCOUNTS)  # type: ignore[call-arg]
    customer_email = MailAddress()
    note = Text(limits.NOTE, optional=True, lines=True)


class ExchangeBody(ApprovableBody):
    """`brought` comes back, `wanted` goes out. One of `tenders` and `refunds` settles what is between them."""

    occurred_at = ReportedMomentField()
    brought = ReturnBody()
    wanted = WantedBody()
    tenders = TenderBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]
    refunds = RefundBody(many=True, default=list, max_length=limits.MOST_TENDERS)  # type: ignore[call-arg]


class ExchangeSerializer(serializers.Serializer[Any]):
    net = MoneyField(read_only=True, help_text="What the customer pays; below zero: what goes back")
    returned = ReturnSerializer(read_only=True)
    order = OrderSerializer(read_only=True)


REFUSES: tuple[type[Refusal], ...] = (
    OrderExists,
    ReturnExists,
    ShiftNotOpen,
    MomentRefused,
    NotFound,
    CurrencyMismatch,
    OrderNotCompleted,
    ReturnAboveLimit,
    RefundExceedsQuantity,
    RefundExceedsPaid,
    RefundMismatch,
    NotRefundable,
    LinesInvalid,
    DiscountExceedsPrice,
    TenderMismatch,
    *REFUSALS,
)
REFUSED_UNLESS_MADE: tuple[type[Refusal], ...] = (*REFUSES, NumberTooLarge)
LARGER_MUGS = {
    "occurred_at": "2026-11-23T12:10:00Z",
    "brought": {
        "id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c03",
        "lines": [{"sku": "MUG-01", "unit_price": {"amount": 1250, "currency": "EUR"}, "quantity": "1"}],
    },
    "wanted": {"id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c04", "lines": [{"sku": "MUG-01", "quantity": "2"}]},
    "tenders": [{"type": "cash", "amount": {"amount": 2000, "currency": "EUR"}}],
}


class ExchangeListView(APIView):
    @operation(
        "exchange_goods",
        body=ExchangeBody,
        answers={201: ExchangeSerializer},
        refuses=REFUSES,
        keyed=True,
        scopes=[ORDERS_WRITE, PAYMENTS_WRITE],
        at="register",
        holds=True,
        parameters=[CLOCK],
        example=LARGER_MUGS,
    )
    def post(self, request: Request, asked: dict[str, Any]) -> Response:
        """Take goods back and sell others in one act.

        What was paid is accepted without an open shift, and from whoever's session has ended since, with an exception
        where something is wrong. It is not held: a revoked device and a suspended shop are refused.

        The goods that come back pay for the order as far as they are worth it, by a tender of the kind `EXCHANGE`; the
        two receipts name each other. Only the difference is paid: by `tenders`, or back by `refunds`.
        """
        now = timezone.now()
        offset = clock_offset(request, now)
        tenders = asked_tenders(asked["tenders"])
        arrival = Arrival(reported=asked["occurred_at"], arrived_at=now, clock_offset=offset)
        paid = is_paid(tenders, origin=arrival.origin, training=False)
        if problem := closed_door(request, sold_at=corrected(arrival) if paid else None):
            raise problem
        try:
            with claimed(request, "exchanges") as claim:
                if claim.is_new:
                    command = command_of(request, asked, asked["brought"]["id"])
                    exchange = exchange_goods(
                        brought=_brought(asked["brought"]),
                        wanted=_wanted(asked["wanted"]),
                        register=register_of(request),
                        device=device_of(request),
                        tenders=tenders,
                        refunds=[RefundInput(**refund) for refund in asked["refunds"]],
                        occurred_at=asked["occurred_at"],
                        now=now,
                        clock_offset=offset,
                        fingerprint=claim.fingerprint,
                        command=command,
                    )
                    claim.answer(_shown(exchange), status=201)
        except REFUSED_UNLESS_MADE as refusal:
            _answer_again(claim, asked, refusal)
        return claim.response


def _brought(asked: dict[str, Any]) -> Brought:
    lines = [ReturnLineInput(**{"id": new_id(), **line}) for line in asked["lines"]]
    return Brought(id=asked["id"], order_id=asked["order_id"], lines=lines, reason=asked["reason"])


def _wanted(asked: dict[str, Any]) -> Wanted:
    goods = {"lines": asked_lines(asked["lines"]), "discounts": asked_discounts(asked["discounts"])}
    return Wanted(**{**asked, **goods})


def _shown(exchange: Exchange) -> dict[str, Any]:
    (order,) = orders_shown([exchange.order])
    net = money(exchange.net, exchange.order.currency)
    return {"net": net, "returned": ReturnSerializer(exchange.returned).data, "order": order}


def _answer_again(claim: Claim, asked: dict[str, Any], refusal: Refusal) -> None:
    """Answer the exchange that exists, where this request made it; what it is refused for came later."""
    order: Order | None = orders().filter(id=asked["wanted"]["id"]).first()
    returned = returns().filter(id=asked["brought"]["id"]).first()
    if order is None or returned is None or returned.exchange_order_id != order.id:
        raise refusal
    if order.fingerprint != claim.fingerprint:
        raise OrderExists(order.id) from refusal
    claim.answer_again(_shown(Exchange(returned=returned, order=order)), status=201)
