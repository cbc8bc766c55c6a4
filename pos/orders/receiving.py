"""Orders as they are sent: read, placed, answered again, or held until a person decides."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from events.idempotency.requests import Claim, claimed
from kernel.bounds import NumberTooLarge
from kernel.ids import new_id
from kernel.moments import MomentInvalid, parse_reported
from kernel.permissions import Command
from kernel.refusals import Refusal
from pos.cash.services import ShiftNotOpen
from pos.catalogue.goods import LinesInvalid, Snapshot
from pos.exceptions.models import HeldCommand
from pos.exceptions.queries import find_held
from pos.exceptions.services.quarantine import CommandHeld
from pos.orders.answers import encoded_held, encoded_order
from pos.orders.arriving import Arrival, MomentRefused, corrected, is_paid
from pos.orders.bodies import CartBody, PlaceOrderBody
from pos.orders.discounts import DiscountExceedsPrice, DiscountInput
from pos.orders.doors import Sale, closed_door, hold, taken_for
from pos.orders.lines import OrderLineInput
from pos.orders.models import Order
from pos.orders.queries import orders
from pos.orders.services.placing import place_order
from pos.orders.services.refusals import OrderExists, SequenceReused
from pos.orders.tenders import TenderInput, TenderMismatch
from pos.pricing.rounding import scaled
from pos.pricing.taxes import RATE_DECIMALS, Rate
from pos.registers.authentication import device_of, register_of
from pos.taxes.rules import Rule
from staff.duty.permitting import REFUSALS as NOT_PERMITTED
from web.commands import command_of
from web.errors import ApiProblem
from web.inputs import read_again
from web.terminal import require_money_scope

DEVICE_TIME = "X-Device-Time"
CLOCK = OpenApiParameter(
    DEVICE_TIME,
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="What the device's clock shows when it sends this, in RFC 3339: `occurred_at` is corrected by it",
)
UNSOLD: tuple[type[Refusal], ...] = (
    LinesInvalid, DiscountExceedsPrice, TenderMismatch, NumberTooLarge, *NOT_PERMITTED,
)  # fmt: skip
"""Why a sale cannot be placed as it was sent."""
REFUSALS: tuple[type[Refusal], ...] = (OrderExists, CommandHeld, ShiftNotOpen, MomentRefused, *UNSOLD)


def asked_lines(asked: list[dict[str, Any]]) -> list[OrderLineInput]:
    return [
        OrderLineInput(
            **{
                "id": new_id(),
                **line,
                "discounts": asked_discounts(line["discounts"]),
                "snapshot": _snapshot(line.get("snapshot")),
            }
        )
        for line in asked
    ]


def asked_discounts(asked: list[dict[str, Any]]) -> list[DiscountInput]:
    return [DiscountInput(**each) for each in asked]


def asked_tenders(asked: list[dict[str, Any]]) -> list[TenderInput]:
    return [TenderInput(**{"id": new_id(), **tender}) for tender in asked]


def read_order(body: Mapping[str, Any], *, currency: str) -> dict[str, Any]:
    """Read an order that was sent before.

    :raises ValidationError: when it is none.
    """
    return read_again(PlaceOrderBody, body, currency=currency)


def read_cart(cart: Mapping[str, Any], *, currency: str) -> dict[str, Any]:
    """Read the lines and discounts that an order was parked with.

    :raises ValidationError: when they are none.
    """
    return read_again(CartBody, cart, currency=currency)


def placing(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `place_order` is asked for, but for where, when and how it came."""
    return {
        "id": asked["id"],
        "lines": asked_lines(asked["lines"]),
        "discounts": asked_discounts(asked["discounts"]),
        "tenders": asked_tenders(asked["tenders"]),
        "occurred_at": asked["occurred_at"],
        "customer_email": asked["customer_email"],
        "note": asked["note"],
        "training": asked["training"],
    }


def arrival_of(asked: Mapping[str, Any], *, arrived_at: datetime, clock_offset: timedelta | None) -> Arrival:
    return Arrival(
        reported=asked["occurred_at"],
        arrived_at=arrived_at,
        origin=Order.Origin(asked["origin"]),
        device_sequence=asked.get("device_sequence"),
        clock_offset=clock_offset,
        shift_id=asked.get("shift_id"),
    )


def receive_order(request: Request, asked: dict[str, Any]) -> Response:
    """Place an order and answer it; or hold it, where the device is revoked, or the shop is suspended.

    :raises ApiProblem: when a key pays that may not take money.
    """
    if asked["tenders"] and not asked["training"]:
        require_money_scope(request)
    now = timezone.now()
    arrival = arrival_of(asked, arrived_at=now, clock_offset=clock_offset(request, now))
    if problem := closed_door(request, sold_at=sold_at(asked, arrival)):
        return _held(request, asked, arrival, problem)
    command = command_of(request, asked)
    try:
        return _placed(request, asked, arrival, command)
    except SequenceReused:
        reused = replace(arrival, device_sequence=None, reused_sequence=arrival.device_sequence)
        return _placed(request, asked, reused, command)
    except UNSOLD as refusal:
        if arrival.origin != Order.Origin.OFFLINE or device_of(request) is None:
            raise
        return _held(request, asked, arrival, ApiProblem(refusal.status, refusal.code, refusal.detail))


def _placed(request: Request, asked: dict[str, Any], arrival: Arrival, command: Command) -> Response:
    try:
        with claimed(request, "orders") as claim:
            if claim.is_new:
                order = place_order(
                    **placing(asked),
                    register=register_of(request),
                    device=device_of(request),
                    now=arrival.arrived_at,
                    fingerprint=claim.fingerprint,
                    arrival=arrival,
                    command=command,
                )
                claim.answer(encoded_order(order), status=201)
    except REFUSALS as refusal:
        answer_again(claim, asked["id"], refusal)
    return claim.response


def _held(request: Request, asked: dict[str, Any], arrival: Arrival, problem: ApiProblem) -> Response:
    """Hold an order that is paid, and answer 202; what is not paid is refused.

    :raises ApiProblem: the problem, when nothing of it is paid, or no device has sent it.
    :raises QuarantineFull: when the device has too much there.
    """
    if device_of(request) is None or sold_at(asked, arrival) is None:
        raise problem
    with claimed(request, "orders") as claim:
        if claim.is_new and not was_placed(claim, asked["id"]):
            hold(request, claim, sale_of(request, asked, arrival, body=dict(request.data)), problem)
    return claim.response


def sold_at(asked: Mapping[str, Any], arrival: Arrival) -> datetime | None:
    """Say when an order was sold, by the device's corrected clock; None where its money was not taken."""
    tenders = asked_tenders(asked["tenders"])
    return corrected(arrival) if is_paid(tenders, origin=arrival.origin, training=asked["training"]) else None


def sale_of(request: Request, asked: Mapping[str, Any], arrival: Arrival, *, body: Mapping[str, Any]) -> Sale:
    """Return what is held of an order. :param body: from which it is read when it is accepted."""
    return Sale(
        id=asked["id"],
        amount=taken_for(register_of(request), placing(asked)),
        body=body,
        arrived_at=arrival.arrived_at,
        device_sequence=arrival.device_sequence,
        clock_offset=arrival.clock_offset,
    )


def was_placed(claim: Claim, order_id: UUID) -> bool:
    """Answer the order, where this request placed it before the door was closed.

    :raises OrderExists: when another request has.
    """
    order = orders().filter(id=order_id).first()
    if order is None:
        return False
    if order.fingerprint != claim.fingerprint:
        raise OrderExists(order_id)
    claim.answer(encoded_order(order), status=201)
    return True


def clock_offset(request: Request, now: datetime) -> timedelta | None:
    """Say how far the device's clock is ahead. A header that cannot be read says nothing."""
    try:
        return parse_reported(request.headers.get(DEVICE_TIME, "")) - now
    except MomentInvalid:
        return None


def answer_again(claim: Claim, order_id: UUID, refusal: Refusal) -> None:
    """Answer the order that exists or is held, where this request is the one; what it is refused for came later."""
    order = orders().filter(id=order_id).first()
    if order is None:
        return answer_held(claim, order_id, refusal)
    if order.fingerprint != claim.fingerprint:
        raise OrderExists(order_id) from refusal
    return claim.answer_again(encoded_order(order), status=201)


def answer_held(claim: Claim, command_id: UUID, refusal: Refusal) -> None:
    """Answer that a command is held, or was rejected, where this request is the one that was held.

    :raises Refusal: the refusal, where it is not.
    """
    held: HeldCommand | None = find_held(command_id)
    if held is None or held.fingerprint != claim.fingerprint:
        raise refusal
    claim.answer_again(encoded_held(held), status=202)


def _snapshot(asked: Mapping[str, Any] | None) -> Snapshot | None:
    if asked is None:
        return None
    inclusive = asked["tax_inclusive"]
    taxes = [
        Rule(
            rate=Rate(
                sequence=sequence,
                code=tax["code"] or tax["name"],
                rate=scaled(Decimal(tax["rate"]), RATE_DECIMALS),
                on_top=tax["on_top"],
                name=tax["name"],
            ),
            inclusive=inclusive,
        )
        for sequence, tax in enumerate(asked["taxes"], start=1)
    ]
    return Snapshot(description=asked["description"], unit_price=asked["unit_price"], taxes=tuple(taxes) or None)
