"""The quarantine: paid sales that may not take effect yet, held whole until a person decides. In no total."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from events.publishing.unit_of_work import unit_of_work
from kernel.currencies import exponent, scale
from kernel.limits import LONG_REASON
from kernel.money import formatted
from kernel.refusals import Refusal
from kernel.text import clipped
from pos.exceptions.models import ExceptionCase, HeldCommand
from pos.exceptions.queries import find_held
from pos.exceptions.services.cases import close_case, open_case
from pos.registers.models import Device, Register

MOST_HELD = 100
"""Commands of one device that wait for a person."""
MOST_HELD_AMOUNT = 10_000
"""About as many euros, in whatever currency: what they come to. A single sale may come to more."""


class QuarantineFull(Refusal):
    """The device has as much in the quarantine as it may have."""

    code = "quarantine-full"
    title = "Quarantine full"


class CommandHeld(Refusal):
    """A command of this id is held, or was rejected: it does not take effect."""

    code = "command-held"
    title = "Command held"

    def __init__(self, command_id: UUID) -> None:
        super().__init__(f"order {command_id} is held, or was rejected: a person decides about it")
        self.command_id = command_id


class CommandDecided(Refusal):
    code = "command-decided"
    title = "Command decided"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to hold. :param reason: the code of its refusal. :param amount: what was taken, in minor units.

    :param clock_offset_ms: how far the device's clock was ahead when it was sent; None where that is not known.
    """

    command_id: UUID
    device: Device
    register: Register
    reason: str
    detail: str
    body: Mapping[str, Any]
    fingerprint: str
    amount: int
    sold_by: UUID | None = None
    device_sequence: int | None = None
    clock_offset_ms: int | None = None


def hold_command(request: Request, *, now: datetime) -> HeldCommand:
    """Hold a paid sale. The same request again gets what is held.

    :raises CommandHeld: when a command of this id is held with other content.
    :raises QuarantineFull: when the device has too many held, or too much money in them.
    """
    with unit_of_work():
        Device.objects.select_for_update(no_key=True).get(id=request.device.id)
        if held := find_held(request.command_id):
            if held.fingerprint != request.fingerprint:
                raise CommandHeld(request.command_id)
            return held
        _require_room(request)
        held = HeldCommand.objects.create(
            id=request.command_id,
            device=request.device,
            register=request.register,
            reason=request.reason,
            detail=clipped(request.detail, LONG_REASON),
            body=request.body,
            fingerprint=request.fingerprint,
            amount=request.amount,
            currency=request.register.location.currency,
            sold_by=request.sold_by,
            device_sequence=request.device_sequence,
            clock_offset_ms=request.clock_offset_ms,
            received_at=now,
        )
        open_case(
            kind=ExceptionCase.Kind.QUARANTINED,
            command_id=held.id,
            now=now,
            register_id=held.register_id,
            device_id=held.device_id,
            payload={"reason": held.reason, "amount": held.amount, "currency": held.currency},
        )
    return held


def decide(
    held: HeldCommand, state: HeldCommand.State, *, by: str, note: str, now: datetime, staff_id: UUID | None
) -> None:
    """Accept or reject a command that is locked, and resolve its exception.

    :raises CommandDecided: when somebody has decided.
    """
    if held.state != HeldCommand.State.HELD:
        message = (
            f"order {held.id} was {held.state.lower()} at {held.decided_at:%Y-%m-%d %H:%M} UTC by {held.decided_by}"
        )
        raise CommandDecided(message, state=held.state)
    held.state, held.decided_at, held.decided_by, held.staff_id, held.note = state, now, by, staff_id, note
    held.body = _without_address(held.body)
    held.save(update_fields=["state", "decided_at", "decided_by", "staff_id", "note", "body"])
    cases = ExceptionCase.objects.select_for_update(no_key=True)
    case = cases.get(command_id=held.id, kind=ExceptionCase.Kind.QUARANTINED)
    close_case(case, by=by, note=note, now=now, staff_id=staff_id, resolution=state.value)


def _without_address(body: Any) -> Any:
    """Take the customer's address out of a request, also of the order of an exchange, which is a member of it."""
    if not isinstance(body, dict):
        return body
    return {name: _without_address(value) for name, value in body.items() if name != "customer_email"}


def _require_room(request: Request) -> None:
    waiting = HeldCommand.objects.filter(device=request.device, state=HeldCommand.State.HELD)
    held = waiting.aggregate(commands=Count("id"), amount=Sum("amount", default=0))
    currency = request.register.location.currency
    most = MOST_HELD_AMOUNT * scale(currency) * 10 ** exponent(currency)
    too_much = held["commands"] > 0 and held["amount"] + request.amount > most
    if held["commands"] >= MOST_HELD or too_much:
        message = (
            f"{held['commands']} sales of {request.device.name} are held, over {formatted(held['amount'], currency)};"
            f" at most {MOST_HELD} over {formatted(most, currency)} are. Keep this one, let a person accept or reject"
            " those, and send it again"
        )
        raise QuarantineFull(message, held=held["commands"])
