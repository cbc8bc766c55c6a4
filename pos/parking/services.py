"""Orders are parked, claimed by one device at a time, sold or discarded. Until they are sold, nothing moves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any
from uuid import UUID

from events.operations import audit
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.permissions import Command
from kernel.prefetching import hold_rows
from kernel.refusals import Refusal
from pos.events.parking import CartDiscarded, CartExpired, CartParked, CartResumed
from pos.exceptions.models import ExceptionCase
from pos.exceptions.services.quarantine import CommandHeld
from pos.orders.discounts import DiscountInput
from pos.orders.lines import OrderLineInput, price_lines
from pos.orders.models import Order, OrderLineTax
from pos.orders.needs import SELL
from pos.orders.services.locking import lines_of, require_currency
from pos.orders.services.placing import HELD, PRIMARY_KEY, place_order
from pos.orders.services.refusals import OrderExists
from pos.parking.models import ParkedOrder
from pos.parking.queries import lock_parked
from pos.profile.queries import current_profile
from pos.registers.currencies import fixed_currency
from pos.registers.models import Device, Register
from staff.duty.permitting import permit

LEASE = timedelta(minutes=10)
PARKED = "parked_order_id"
"""The member by which what is held, and an exception, name the parked order that was sold."""


class CartLeased(Refusal):
    """Another device works on the parked order."""

    code = "cart-leased"
    title = "Cart leased"


class NotLeased(Refusal):
    code = "cart-not-leased"
    title = "Cart not leased"


def park_order(
    *,
    id: UUID,
    register: Register,
    device: Device | None,
    lines: Sequence[OrderLineInput],
    discounts: Sequence[DiscountInput],
    cart: Mapping[str, Any],
    now: datetime,
    fingerprint: str,
    label: str = "",
    customer_email: str = "",
    note: str = "",
    command: Command | None = None,
) -> Order:
    """Let a cart wait. It is priced as of now, to be shown; nothing is sold, reserved or paid.

    :param cart: what the lines and discounts were read from.
    :raises OrderExists: at the end of the unit, when the id was used before.
    :raises CurrencyMismatch: when the currency of the location was changed meanwhile.
    :raises LinesInvalid: when a line names nothing that the shop sells, or what no tax rule holds for.
    :raises DiscountExceedsPrice: when a discount is more than what it is taken off.
    :raises NumberTooLarge: when all lines come to too much, in goods or in money.
    """
    location = register.location
    with unit_of_work() as unit:
        staff_id = permit(command, SELL).staff_id
        order = Order(
            id=id,
            register=register,
            device=device,
            shift=None,
            staff_id=staff_id,
            status=Order.Status.PARKED,
            origin=Order.Origin.ONLINE,
            currency=location.currency,
            rounding_level=location.rounding_level,
            customer_email=customer_email,
            customer_salt=token_hex(16) if customer_email else "",
            note=note,
            fingerprint=fingerprint,
            occurred_at=now,
            recorded_at=now,
            business_date=current_profile().day_of(now, timezone=location.timezone),
        )
        require_currency(order, fixed_currency(register))
        priced = price_lines(order, lines, discounts)
        hold_rows(order, lines=priced.lines, tenders=[])
        parked = ParkedOrder(
            order=order,
            label=label,
            cart=dict(cart),
            parked_at=now,
            device_id=None if device is None else device.id,
            staff_id=staff_id,
        )
        unit.insert_later([order], refusals={PRIMARY_KEY: OrderExists(id), HELD: CommandHeld(id)})
        unit.insert_later(priced.lines)
        unit.insert_later(priced.taxes)
        unit.insert_later([parked])
        publish(
            CartParked(
                order_id=id,
                register_id=register.id,
                location_id=location.id,
                device_id=parked.device_id,
                staff_id=staff_id,
                currency=order.currency,
                total=order.total,
                parked_at=now,
            ),
            occurred_at=now,
        )
    return order


def claim_order(*, order_id: UUID, device: Device, now: datetime) -> ParkedOrder:
    """Let a device work on a parked order, alone, until its claim expires. It may claim again to stay longer.

    :raises NotFound: when no such order is parked.
    :raises CurrencyMismatch: when it is in another currency than that of the device's register.
    :raises CartLeased: when another device has a claim that has not expired.
    """
    with unit_of_work():
        parked = lock_parked(order_id)
        require_currency(parked.order, device.register.location.currency)
        _require_free(parked, device.id, now)
        if parked.claimed_by not in {None, device.id}:
            assert parked.claim_expires_at is not None
            publish(
                CartExpired(
                    order_id=order_id,
                    device_id=parked.claimed_by,
                    claimed_by=device.id,
                    expired_at=parked.claim_expires_at,
                ),
                occurred_at=now,
            )
        parked.claimed_by, parked.claim_expires_at = device.id, now + LEASE
        parked.save(update_fields=["claimed_by", "claim_expires_at"])
    return parked


def release_order(*, order_id: UUID, device: Device, now: datetime) -> ParkedOrder:
    """Give a parked order back, so that others may claim it.

    :raises NotFound: when no such order is parked.
    :raises CartLeased: when another device has a claim that has not expired.
    """
    with unit_of_work():
        parked = lock_parked(order_id)
        _require_free(parked, device.id, now)
        parked.claimed_by = parked.claim_expires_at = None
        parked.save(update_fields=["claimed_by", "claim_expires_at"])
    return parked


def free_order(*, order_id: UUID, reason: str, now: datetime, command: Command | None = None) -> ParkedOrder:
    """Take a parked order away from the device that works on it: another one may claim it at once.

    :param reason: which the audit keeps. :param command: who asks for it.
    :raises NotFound: when no such order is parked.
    :raises NotLeased: when no device works on it.
    """
    with unit_of_work():
        permit(command, SELL)
        parked = lock_parked(order_id)
        if parked.claim_expires_at is None or parked.claim_expires_at <= now:
            message = f"no device works on order {order_id}"
            raise NotLeased(message)
        detail = f"of device:{parked.claimed_by}: {reason}"
        audit.record(action="parked order taken from a device", subject=f"order:{order_id}", detail=detail)
        parked.claimed_by = parked.claim_expires_at = None
        parked.save(update_fields=["claimed_by", "claim_expires_at"])
    return parked


def resume_order(
    *,
    id: UUID,
    register: Register,
    device: Device | None,
    now: datetime,
    command: Command | None = None,
    paid: bool = False,
    **sold: Any,
) -> Order:
    """Sell a parked order: it is placed with its id, at the prices and taxes of now.

    :param paid: its money was taken: it is sold although another device works on it, with an exception.
    :param sold: what `place_order` is asked for.
    :raises NotFound: when no such order is parked.
    :raises CurrencyMismatch: when it is in another currency than that of the register.
    :raises CartLeased: when it is not paid, and another device has a claim that has not expired.
    :raises Refusal: as `place_order` refuses; the order stays parked.
    """
    with unit_of_work():
        parked = lock_parked(id)
        require_currency(parked.order, register.location.currency)
        noted: dict[ExceptionCase.Kind, dict[str, Any]] = {}
        try:
            _require_free(parked, None if device is None else device.id, now)
        except CartLeased as leased:
            if not paid:
                raise
            noted[ExceptionCase.Kind.CART_FORKED] = {PARKED: str(id), "claimed_by": str(parked.claimed_by)}
            audit.record(action="parked order sold by another device", subject=f"order:{id}", detail=leased.detail)
        _take_away(parked)
        publish(
            CartResumed(
                order_id=id,
                register_id=register.id,
                device_id=None if device is None else device.id,
                staff_id=command.staff_id if command else None,
                resumed_at=now,
            ),
            occurred_at=now,
        )
        return place_order(id=id, register=register, device=device, now=now, command=command, noted=noted, **sold)


def discard_order(
    *, order_id: UUID, device: Device | None, reason: str, now: datetime, command: Command | None = None
) -> Order:
    """Give up a parked order.

    :raises NotFound: when no such order is parked.
    :raises CartLeased: when another device has a claim that has not expired.
    """
    with unit_of_work():
        staff_id = permit(command, SELL).staff_id
        parked = lock_parked(order_id)
        _require_free(parked, None if device is None else device.id, now)
        order = parked.order
        parked.delete()
        order.status, order.voided_at, order.void_reason, order.voided_by = Order.Status.VOIDED, now, reason, staff_id
        order.save(update_fields=["status", "voided_at", "void_reason", "voided_by"])
        hold_rows(order, lines=lines_of(order), tenders=[])
        publish(
            CartDiscarded(
                order_id=order.id,
                register_id=order.register_id,
                device_id=None if device is None else device.id,
                staff_id=staff_id,
                reason=reason,
                discarded_at=now,
            ),
            occurred_at=now,
        )
    return order


def is_free(order_id: UUID, *, device: Device, now: datetime) -> bool:
    """Say whether an order is parked that no other device works on. Its row is locked from here on."""
    parked = ParkedOrder.objects.select_for_update().filter(order_id=order_id).first()
    if parked is None:
        return False
    return _claim_against(parked, device.id, now) is None


def _claim_against(parked: ParkedOrder, device_id: UUID | None, now: datetime) -> datetime | None:
    """Return until when another device works on a parked order; None where none does."""
    expires_at = parked.claim_expires_at
    return None if expires_at is None or expires_at <= now or parked.claimed_by == device_id else expires_at


def _require_free(parked: ParkedOrder, device_id: UUID | None, now: datetime) -> None:
    expires_at = _claim_against(parked, device_id, now)
    if expires_at is None:
        return
    message = f"another device works on order {parked.order_id} until {expires_at:%H:%M:%S} UTC"
    raise CartLeased(message, claimed_by=str(parked.claimed_by), claim_expires_at=expires_at.isoformat())


def _take_away(parked: ParkedOrder) -> None:
    """Delete the rows of a parked order, which take another form with the same id."""
    order = parked.order
    parked.delete()
    OrderLineTax.objects.filter(line__order=order).delete()
    order.lines.all().delete()
    Order.objects.filter(id=order.id).delete()
