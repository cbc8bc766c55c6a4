"""Exchanges as they are sent: made, answered again, or held until a person decides."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from events.idempotency.requests import Claim, claimed
from kernel.bounds import NumberTooLarge
from kernel.ids import new_id
from kernel.refusals import NotFound, Refusal
from pos.cash.services import ShiftNotOpen
from pos.catalogue.goods import LinesInvalid
from pos.exceptions.services.quarantine import CommandHeld
from pos.exchanges.bodies import ExchangeBody
from pos.exchanges.services import Brought, Exchange, Wanted, exchange_goods
from pos.orders.answers import orders_shown
from pos.orders.arriving import Arrival, MomentRefused, corrected, is_paid
from pos.orders.discounts import DiscountExceedsPrice
from pos.orders.doors import Sale, closed_door, hold, taken_for
from pos.orders.models import Order
from pos.orders.queries import orders
from pos.orders.receiving import answer_held, asked_discounts, asked_lines, asked_tenders, clock_offset
from pos.orders.refunds import NotRefundable, RefundExceedsPaid, RefundInput, RefundMismatch
from pos.orders.services.refusals import CurrencyMismatch, OrderExists
from pos.orders.tenders import TenderMismatch
from pos.registers.authentication import device_of, register_of
from pos.registers.models import Register
from pos.returns.lines import RefundExceedsQuantity, ReturnLineInput
from pos.returns.queries import returns
from pos.returns.quotes import quote_return
from pos.returns.serializers import ReturnSerializer
from pos.returns.services import OrderNotCompleted, ReturnAboveLimit, ReturnExists
from staff.duty.permitting import REFUSALS as NOT_PERMITTED
from web.commands import command_of, without_approval
from web.errors import ApiProblem
from web.inputs import read_again
from web.money import money

BROUGHT = "brought"
"""What the body of an exchange that is held has, and that of no order."""
CASH = "cash"
REFUSES: tuple[type[Refusal], ...] = (
    OrderExists,
    ReturnExists,
    CommandHeld,
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
    *NOT_PERMITTED,
)
REFUSED_UNLESS_MADE: tuple[type[Refusal], ...] = (*REFUSES, NumberTooLarge)


def receive_exchange(request: Request, asked: dict[str, Any]) -> Response:
    """Make an exchange and answer it; or hold it, where it is paid and nothing of its sender takes effect now."""
    now = timezone.now()
    arrival = arrival_of(asked, arrived_at=now, clock_offset=clock_offset(request, now))
    paid = is_paid(asked_tenders(asked["tenders"]), origin=arrival.origin, training=False)
    if problem := closed_door(request, sold_at=corrected(arrival) if paid else None):
        return _held(request, asked, arrival, problem, paid=paid)
    command = command_of(request, asked, asked["brought"]["id"])
    try:
        with claimed(request, "exchanges") as claim:
            if claim.is_new:
                exchange = exchange_goods(
                    **exchanging(asked),
                    register=register_of(request),
                    device=device_of(request),
                    now=now,
                    arrival=arrival,
                    fingerprint=claim.fingerprint,
                    command=command,
                )
                claim.answer(_shown(exchange), status=201)
    except REFUSED_UNLESS_MADE as refusal:
        _answer_again(claim, asked, refusal)
    return claim.response


def read_exchange(body: Mapping[str, Any], *, currency: str) -> dict[str, Any]:
    """Read an exchange that was sent before.

    :raises ValidationError: when it is none.
    """
    return read_again(ExchangeBody, body, currency=currency)


def exchanging(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `exchange_goods` is asked for, but for where, when and how it came."""
    return {
        "brought": _brought(asked["brought"]),
        "wanted": _wanted(asked["wanted"]),
        "tenders": asked_tenders(asked["tenders"]),
        "refunds": [RefundInput(**refund) for refund in asked["refunds"]],
        "occurred_at": asked["occurred_at"],
    }


def arrival_of(asked: Mapping[str, Any], *, arrived_at: datetime, clock_offset: timedelta | None) -> Arrival:
    return Arrival(reported=asked["occurred_at"], arrived_at=arrived_at, clock_offset=clock_offset)


def _held(request: Request, asked: dict[str, Any], arrival: Arrival, problem: ApiProblem, *, paid: bool) -> Response:
    """Hold an exchange that is paid, and answer 202, with the id of its order; what is not paid is refused.

    :raises ApiProblem: the problem, when nothing was taken for it, or no device has sent it.
    :raises QuarantineFull: when the device has too much there.
    """
    if device_of(request) is None or not paid:
        raise problem
    with claimed(request, "exchanges") as claim:
        if claim.is_new and not _was_made(claim, asked):
            sale = Sale(
                id=asked["wanted"]["id"],
                amount=_taken_for(register_of(request), asked, now=arrival.arrived_at),
                body=without_approval(request.data),
                arrived_at=arrival.arrived_at,
                clock_offset=arrival.clock_offset,
            )
            hold(request, claim, sale, problem)
    return claim.response


def _taken_for(register: Register, asked: Mapping[str, Any], *, now: datetime) -> int:
    """Say what was taken, less change: at most what the goods come to beyond those that came back."""
    exchange = exchanging(asked)
    brought, wanted = exchange["brought"], exchange["wanted"]
    try:
        worth = quote_return(
            register=register,
            order_id=brought.order_id,
            lines=brought.lines,
            refund_to=CASH,
            refunds=exchange["refunds"],
            now=now,
        ).total
    except Refusal:
        worth = 0
    return taken_for(register, {**exchange, "lines": wanted.lines, "discounts": wanted.discounts}, less=worth)


def _brought(asked: Mapping[str, Any]) -> Brought:
    lines = [ReturnLineInput(**{"id": new_id(), **line}) for line in asked["lines"]]
    return Brought(id=asked["id"], order_id=asked["order_id"], lines=lines, reason=asked["reason"])


def _wanted(asked: Mapping[str, Any]) -> Wanted:
    goods = {"lines": asked_lines(asked["lines"]), "discounts": asked_discounts(asked["discounts"])}
    return Wanted(**{**asked, **goods})


def _shown(exchange: Exchange) -> dict[str, Any]:
    (order,) = orders_shown([exchange.order])
    net = money(exchange.net, exchange.order.currency)
    return {"net": net, "returned": ReturnSerializer(exchange.returned).data, "order": order}


def _made(asked: Mapping[str, Any]) -> Exchange | None:
    order: Order | None = orders().filter(id=asked["wanted"]["id"]).first()
    returned = returns().filter(id=asked["brought"]["id"]).first()
    if order is None or returned is None or returned.exchange_order_id != order.id:
        return None
    return Exchange(returned=returned, order=order)


def _was_made(claim: Claim, asked: Mapping[str, Any]) -> bool:
    """Answer the exchange, where this request made it before the door was closed.

    :raises OrderExists: when another request has.
    """
    exchange = _made(asked)
    if exchange is None:
        return False
    if exchange.order.fingerprint != claim.fingerprint:
        raise OrderExists(exchange.order.id)
    claim.answer(_shown(exchange), status=201)
    return True


def _answer_again(claim: Claim, asked: Mapping[str, Any], refusal: Refusal) -> None:
    """Answer the exchange that exists or is held, where this request is the one; what it is refused for came later."""
    exchange = _made(asked)
    if exchange is None:
        return answer_held(claim, asked["wanted"]["id"], refusal)
    if exchange.order.fingerprint != claim.fingerprint:
        raise OrderExists(exchange.order.id) from refusal
    return claim.answer_again(_shown(exchange), status=201)
