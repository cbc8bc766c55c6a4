"""Tenders of an order as they are sent: taken, or held until a person decides."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from events.idempotency.requests import Claim, claimed
from kernel.refusals import NotFound
from pos.exceptions.models import HeldCommand
from pos.exceptions.queries import find_held
from pos.orders.answers import encoded_held, encoded_order
from pos.orders.arriving import is_paid
from pos.orders.bodies import AddTendersBody
from pos.orders.doors import Sale, closed_door, derived_id, hold
from pos.orders.models import Order
from pos.orders.queries import orders
from pos.orders.receiving import asked_tenders
from pos.orders.services.paying import add_tenders
from pos.orders.tenders import TenderInput
from pos.registers.authentication import device_of, register_of
from web.commands import command_of, without_approval
from web.errors import ApiProblem
from web.inputs import read_again

ORDER = "order_id"
"""What the body of tenders that are held names."""


def receive_tenders(request: Request, asked: dict[str, Any], order_id: UUID) -> Response:
    """Take further tenders for an order and answer it; or hold them, where nothing of their sender takes effect now.

    What was taken for an order that is held itself is held as well.
    """
    now = timezone.now()
    command = command_of(request, asked, order_id)
    tenders = asked_tenders(asked["tenders"])
    paid = is_paid(tenders, origin=Order.Origin.ONLINE, training=False)
    if problem := closed_door(request, sold_at=now if paid else None):
        return _held_tenders(request, tenders, order_id, problem, paid=paid, now=now)
    try:
        with claimed(request, "tenders") as claim:
            if claim.is_new and not _are_held(claim, order_id):
                order = add_tenders(
                    order_id=order_id, register=register_of(request), tenders=tenders, now=now, command=command
                )
                claim.answer(encoded_order(order), status=201)
    except NotFound as refusal:
        if find_held(order_id) is None:
            raise
        problem = ApiProblem(refusal.status, refusal.code, refusal.detail)
        return _held_tenders(request, tenders, order_id, problem, paid=paid, now=now)
    return claim.response


def _held_tenders(
    request: Request, tenders: list[TenderInput], order_id: UUID, problem: ApiProblem, *, paid: bool, now: datetime
) -> Response:
    """Hold what was taken for an order, and answer 202.

    :raises ApiProblem: the problem, when nothing was taken, or no device has sent it.
    """
    if device_of(request) is None or not paid:
        raise problem
    with claimed(request, "tenders") as claim:
        if claim.is_new:
            tendered = sum(tender.amount for tender in tenders)
            order = orders().filter(id=order_id).first()
            sale = Sale(
                id=derived_id(order_id, claim.fingerprint),
                amount=min(tendered, order.total) if order else tendered,
                body={**without_approval(request.data), ORDER: str(order_id)},
                arrived_at=now,
            )
            hold(request, claim, sale, problem)
    return claim.response


def _are_held(claim: Claim, order_id: UUID) -> bool:
    """Answer that these tenders are held, or what was decided about them, where this request is the one."""
    held: HeldCommand | None = find_held(derived_id(order_id, claim.fingerprint))
    if held is None or held.fingerprint != claim.fingerprint:
        return False
    claim.answer(encoded_held(held), status=202)
    return True


def read_tenders(body: Mapping[str, Any], *, currency: str) -> list[TenderInput]:
    """Read tenders that were sent before.

    :raises ValidationError: when they are none.
    """
    return asked_tenders(read_again(AddTendersBody, body, currency=currency)["tenders"])
