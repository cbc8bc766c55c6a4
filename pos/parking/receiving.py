"""Parked orders that are sold, as they are sent: a paid sale is never lost, whoever has the cart by then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from events.idempotency.requests import Claim, claimed
from kernel.permissions import Command
from kernel.refusals import NotFound, Refusal
from pos.exceptions.models import ExceptionCase
from pos.exceptions.services.quarantine import CommandHeld
from pos.orders.answers import encoded_order
from pos.orders.arriving import Arrival
from pos.orders.doors import closed_door, derived_id, hold
from pos.orders.models import Order
from pos.orders.queries import orders
from pos.orders.receiving import (
    UNSOLD,
    answer_again,
    arrival_of,
    clock_offset,
    placing,
    read_cart,
    sale_of,
    sold_at,
    was_placed,
)
from pos.orders.services.placing import place_order
from pos.orders.services.refusals import SequenceReused
from pos.parking.models import ParkedOrder
from pos.parking.queries import find_parked
from pos.parking.services import PARKED, resume_order
from pos.registers.authentication import device_of, register_of
from web.commands import command_of, without_approval
from web.errors import ApiProblem

SCOPE = "parked-orders"
FORKED = ExceptionCase.Kind.CART_FORKED


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """A parked order that a till sells. :param asked: what was read of the body. :param paid: its money was taken."""

    request: Request
    order_id: UUID
    asked: dict[str, Any]
    command: Command
    arrival: Arrival
    paid: bool


def receive_resumed(request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
    """Sell a parked order and answer it; or hold it, where nothing of its sender takes effect now.

    A paid sale whose cart is gone, or is held, is placed with an id that is made of the request, and an exception. It
    needs its lines for that.
    """
    now = timezone.now()
    command = command_of(request, asked, order_id)
    timed = {"occurred_at": now, "training": False, **asked}
    arrival = arrival_of(timed, arrived_at=now, clock_offset=clock_offset(request, now))
    moment = sold_at(timed, arrival)
    resumed = Resumed(
        request=request, order_id=order_id, asked=timed, command=command, arrival=arrival, paid=moment is not None
    )
    if problem := closed_door(request, sold_at=moment):
        return _held(resumed, problem)
    try:
        return _sold(resumed)
    except SequenceReused:
        reused = replace(arrival, device_sequence=None, reused_sequence=arrival.device_sequence)
        return _sold(replace(resumed, arrival=reused))
    except UNSOLD as refusal:
        if arrival.origin != Order.Origin.OFFLINE or device_of(request) is None:
            raise
        return _held(resumed, ApiProblem(refusal.status, refusal.code, refusal.detail))


def _sold(resumed: Resumed) -> Response:
    try:
        with claimed(resumed.request, SCOPE) as claim:
            if claim.is_new:
                asked = _with_cart(resumed, find_parked(resumed.order_id))
                order = resume_order(**_placing(resumed, asked, claim), arrival=resumed.arrival, paid=resumed.paid)
                claim.answer(encoded_order(order), status=201)
    except (NotFound, CommandHeld) as refusal:
        if _sold_before(resumed, claim):
            return claim.response
        if not resumed.paid or "lines" not in resumed.asked:
            raise
        return _forked(resumed, refusal)
    return claim.response


def _forked(resumed: Resumed, found: Refusal) -> Response:
    """Place a paid sale of a cart that somebody else has sold, discarded or sent, as an order apart."""
    id_ = None
    try:
        with claimed(resumed.request, SCOPE) as claim:
            if claim.is_new:
                id_ = derived_id(resumed.order_id, claim.fingerprint)
                lines = _without_ids(resumed.asked["lines"])
                order = place_order(
                    **_placing(resumed, {**_empty(), **resumed.asked, "id": id_, "lines": lines}, claim),
                    arrival=resumed.arrival,
                    noted={FORKED: {PARKED: str(resumed.order_id), "found": found.detail}},
                )
                claim.answer(encoded_order(order), status=201)
    except SequenceReused:
        raise
    except Refusal as refusal:
        answer_again(claim, id_ or resumed.order_id, refusal)
    return claim.response


def _held(resumed: Resumed, problem: ApiProblem) -> Response:
    """Hold a paid sale as an order apart: the cart stays with the others, until a person decides.

    :raises ApiProblem: the problem, when it is not paid, when no device has sent it, or its goods are not known.
    """
    request = resumed.request
    if not resumed.paid or device_of(request) is None:
        raise problem
    with claimed(request, SCOPE) as claim:
        if claim.is_new and not _sold_before(resumed, claim):
            id_ = derived_id(resumed.order_id, claim.fingerprint)
            if was_placed(claim, id_):
                return claim.response
            parked = ParkedOrder.objects.select_related("order").filter(order_id=resumed.order_id).first()
            if parked is None and "lines" not in resumed.asked:
                raise problem
            asked = {**(_with_cart(resumed, parked) if parked else {**_empty(), **resumed.asked}), "id": id_}
            sale = sale_of(request, asked, resumed.arrival, body=_body(resumed, parked, id_))
            hold(request, claim, sale, problem)
    return claim.response


def _body(resumed: Resumed, parked: ParkedOrder | None, id_: UUID) -> dict[str, Any]:
    """Write a resumed order as the order that it becomes, with the id of the cart that it was."""
    moment: datetime = resumed.asked["occurred_at"]
    of_cart = parked.cart if parked else {}
    kept = {"note": parked.order.note, "customer_email": parked.order.customer_email} if parked else {}
    whole = {"occurred_at": moment.isoformat(), **of_cart, **kept, **without_approval(resumed.request.data)}
    lines = _without_ids(whole["lines"])
    return {**whole, "lines": lines, "id": str(id_), PARKED: str(resumed.order_id)}


def _without_ids(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Two tills that have taken a cart up name its lines alike: an order apart has lines of another name."""
    return [{name: value for name, value in line.items() if name != "id"} for line in lines]


def _with_cart(resumed: Resumed, parked: ParkedOrder) -> dict[str, Any]:
    return {
        **read_cart(parked.cart, currency=parked.order.currency),
        "id": resumed.order_id,
        "customer_email": parked.order.customer_email,
        "note": parked.order.note,
        **resumed.asked,
    }


def _empty() -> dict[str, Any]:
    return {"discounts": [], "customer_email": "", "note": ""}


def _placing(resumed: Resumed, asked: dict[str, Any], claim: Claim) -> dict[str, Any]:
    return {
        **placing(asked),
        "register": register_of(resumed.request),
        "device": device_of(resumed.request),
        "now": resumed.arrival.arrived_at,
        "fingerprint": claim.fingerprint,
        "command": resumed.command,
    }


def _sold_before(resumed: Resumed, claim: Claim) -> bool:
    """Answer the order again that this request of this device has made of the cart, under whatever key."""
    device = device_of(resumed.request)
    order = orders().filter(id=resumed.order_id, fingerprint=claim.fingerprint).first()
    if order is None or order.device_id != (device.id if device else None):
        return False
    claim.answer_again(encoded_order(order), status=201)
    return True
