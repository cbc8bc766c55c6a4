"""Paid sales that may not take effect when they arrive: why, and how they are held until a person decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from events.idempotency.requests import Claim
from kernel.refusals import Refusal
from pos.exceptions.findings import Findings
from pos.exceptions.models import HeldCommand
from pos.exceptions.services import quarantine
from pos.exceptions.services.quarantine import hold_command
from pos.orders.answers import encoded_held
from pos.orders.quotes import quote
from pos.registers.authentication import device_of, register_of
from pos.registers.models import Register
from web.errors import ApiProblem
from web.terminal import Terminal, on_duty, refused_as_ended


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What is held of a request. :param amount: what was taken, less change. :param body: to read it again from."""

    id: UUID
    amount: int
    body: Mapping[str, Any]
    arrived_at: datetime
    device_sequence: int | None = None
    clock_offset: timedelta | None = field(default=None)


def closed_door(request: Request, *, sold_at: datetime | None) -> ApiProblem | None:
    """Say why nothing of this request may take effect now.

    :param sold_at: when it was sold, if its money was taken; None of what is no paid sale.
    :raises ApiProblem: when it was sold after the session had ended, and its person may sign in again to send it.
    """
    if isinstance(request.user, Terminal) and request.user.shut_out is not None:
        return request.user.shut_out
    shop = request.tenant  # type: ignore[attr-defined]
    if not shop.accepts_requests:
        return ApiProblem(403, "tenant-suspended", f"The shop {shop.name} is suspended and takes no requests.")
    terminal, ended = request.user, refused_as_ended(request, sold_at)
    if ended is not None and sold_at is not None and isinstance(terminal, Terminal) and terminal.may_return():
        raise ended
    return ended


def hold(request: Request, claim: Claim, sale: Sale, problem: ApiProblem) -> None:
    """Hold a paid sale of a device, and answer 202.

    :raises QuarantineFull: when the device has too much there.
    """
    device, offset = device_of(request), sale.clock_offset
    assert device is not None, "only a device has something held"
    held: HeldCommand = hold_command(
        quarantine.Request(
            command_id=sale.id,
            device=device,
            register=register_of(request),
            reason=problem.problem_code,
            detail=str(problem.detail),
            body=sale.body,
            fingerprint=claim.fingerprint,
            amount=sale.amount,
            sold_by=duty.staff_id if (duty := on_duty(request)) else None,
            device_sequence=sale.device_sequence,
            clock_offset_ms=None if offset is None else offset // timedelta(milliseconds=1),
        ),
        now=sale.arrived_at,
    )
    claim.answer(encoded_held(held), status=202)


def taken_for(register: Register, placing: Mapping[str, Any], *, less: int = 0) -> int:
    """Say what was taken for an order, less change: at most what it comes to, where it can be priced.

    :param placing: what `place_order` would be asked for. :param less: what else pays for it.
    """
    tendered = sum(tender.amount for tender in placing["tenders"])
    goods = {name: placing[name] for name in ("lines", "discounts", "occurred_at")}
    try:
        order = quote(register=register, **goods, findings=Findings())
    except Refusal:
        return tendered
    return min(tendered, max(0, order.total - less))


def derived_id(name: UUID, fingerprint: str) -> UUID:
    """Make an id of version 7 for what a request asks of a document: the same request gets the same one."""
    digest = int.from_bytes(sha256(f"{name}:{fingerprint}".encode()).digest()[:16])
    random = digest & ((1 << 80) - 1)
    value = (name.int >> 80 << 80) | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
