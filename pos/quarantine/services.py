"""A person decides about what is held: it becomes the order, tenders or exchange that it would have been."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from events.publishing.unit_of_work import unit_of_work
from kernel.ids import parsed_id
from kernel.permissions import Command
from kernel.refusals import Refusal
from pos.exceptions.models import ExceptionCase, HeldCommand
from pos.exceptions.queries import lock_held
from pos.exceptions.services.cases import RESOLVE
from pos.exceptions.services.quarantine import decide
from pos.exchanges.receiving import BROUGHT, exchanging, read_exchange
from pos.exchanges.receiving import arrival_of as arrival_of_exchange
from pos.exchanges.services import exchange_goods
from pos.orders.models import Order
from pos.orders.receiving import arrival_of, placing, read_order
from pos.orders.services.paying import add_tenders
from pos.orders.services.placing import place_order
from pos.orders.taking import ORDER, read_tenders
from pos.parking.services import PARKED, discard_order, is_free
from staff.duty.permitting import permit


class OrderPlacedBefore(Refusal):
    """The order of a command that is held was placed: it cannot be rejected any more."""

    code = "order-placed"
    title = "Order placed"


def accept_command(
    *, command_id: UUID, by: str, now: datetime, note: str = "", command: Command | None = None
) -> Order:
    """Let a command that is held take effect: an ordinary order with its id, as the till has sold it.

    :param by: who decides, as the log names them. :param command: who asks for it at a till.
    :raises NotFound: when no such command was held.
    :raises CommandDecided: when somebody has decided.
    :raises Refusal: when the order cannot be placed as it is: it stays held.
    """
    with unit_of_work():
        staff_id = permit(command, RESOLVE).staff_id
        held = lock_held(command_id)
        body = held.body
        decide(held, HeldCommand.State.ACCEPTED, by=by, note=note, now=now, staff_id=staff_id)
        return Order.objects.filter(id=held.id).first() or _placed(held, body, now)


def reject_command(
    *, command_id: UUID, by: str, note: str, now: datetime, command: Command | None = None
) -> HeldCommand:
    """Refuse a command that is held, for good: no order of its id is placed.

    :param by: who decides, as the log names them. :param command: who asks for it at a till.
    :raises NotFound: when no such command was held.
    :raises CommandDecided: when somebody has decided.
    :raises OrderPlacedBefore: when its order was placed all the same.
    """
    with unit_of_work():
        staff_id = permit(command, RESOLVE).staff_id
        held = lock_held(command_id)
        if held.state == HeldCommand.State.HELD and Order.objects.filter(id=held.id).exists():
            message = f"order {held.id} was placed before it was held: accept it"
            raise OrderPlacedBefore(message)
        decide(held, HeldCommand.State.REJECTED, by=by, note=note, now=now, staff_id=staff_id)
    return held


def _placed(held: HeldCommand, body: Mapping[str, Any], now: datetime) -> Order:
    """Place what is held, read as it would have been when it came."""
    sent = dict(body)
    if BROUGHT in sent:
        return _exchanged(held, sent, now)
    if order_id := parsed_id(sent.pop(ORDER, "")):
        return add_tenders(
            order_id=order_id,
            register=held.register,
            tenders=read_tenders(sent, currency=held.register.location.currency),
            now=now,
            staff_id=held.sold_by,
        )
    parked_id = parsed_id(sent.pop(PARKED, ""))
    asked = read_order(sent, currency=held.register.location.currency)
    arrival = arrival_of(asked, arrived_at=held.received_at, clock_offset=held.clock_offset)
    if Order.objects.filter(device=held.device, device_sequence=arrival.device_sequence).exists():
        arrival = replace(arrival, device_sequence=None, reused_sequence=arrival.device_sequence)
    noted = _fork(parked_id, held, now) if parked_id else {}
    return place_order(
        **placing(asked),
        register=held.register,
        device=held.device,
        now=now,
        fingerprint=held.fingerprint,
        arrival=arrival,
        staff_id=held.sold_by,
        noted=noted,
    )


def _exchanged(held: HeldCommand, sent: Mapping[str, Any], now: datetime) -> Order:
    asked = read_exchange(sent, currency=held.register.location.currency)
    exchange = exchange_goods(
        **exchanging(asked),
        register=held.register,
        device=held.device,
        now=now,
        fingerprint=held.fingerprint,
        arrival=arrival_of_exchange(asked, arrived_at=held.received_at, clock_offset=held.clock_offset),
        staff_id=held.sold_by,
    )
    return exchange.order


def _fork(parked_id: UUID, held: HeldCommand, now: datetime) -> dict[ExceptionCase.Kind, dict[str, Any]]:
    """Take away the cart that was sold, unless it is gone or another device works on it: that is an exception."""
    if not is_free(parked_id, device=held.device, now=now):
        found = "it was sold or discarded, or another device works on it"
        return {ExceptionCase.Kind.CART_FORKED: {PARKED: str(parked_id), "found": found}}
    discard_order(order_id=parked_id, device=held.device, reason=f"sold as order {held.id}", now=now)
    return {}
