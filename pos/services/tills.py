"""Registers at work: pairing devices, opening shifts, numbering receipts."""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from events.publishing import publish
from events.unit_of_work import unit_of_work
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import current_tenant
from pos.events import ShiftOpened
from pos.models import Device, Register, Shift
from pos.models.tills import ONE_OPEN_SHIFT

TOKEN_PREFIX = "tf"  # noqa: S105 - not a secret, the mark of one


class ShiftNotOpen(Refusal):
    code = "shift-not-open"
    title = "Shift not open"


class ShiftAlreadyOpen(Refusal):
    code = "shift-already-open"
    title = "Shift already open"


def pair_device(*, register_code: str, name: str) -> tuple[Device, str]:
    """Pair a device with a register; return it with its token, which cannot be shown again.

    :raises NotFound: when the shop has no such register.
    """
    register = Register.objects.filter(code=register_code).first()
    if register is None:
        message = f"this shop has no register {register_code!r}"
        raise NotFound(message)
    token = f"{TOKEN_PREFIX}.{current_tenant()}.{secrets.token_urlsafe(32)}"
    device = Device.objects.create(register=register, name=name, token_hash=hash_of(token))
    return device, token


def hash_of(token: str) -> str:
    """Hash a device token. It is 256 random bits, so a plain hash cannot be searched back."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_shift(*, id: UUID, register: Register, float_amount: int, now: datetime) -> Shift:
    """Open the register's shift.

    :param float_amount: the cash in the drawer, in minor units.
    :raises ShiftAlreadyOpen: when the register has an open shift.
    """
    with unit_of_work():
        try:
            with transaction.atomic():
                shift = Shift.objects.create(id=id, register=register, float_amount=float_amount, opened_at=now)
        except IntegrityError as error:
            if ONE_OPEN_SHIFT not in str(error):
                raise
            message = f"register {register.code} has an open shift already"
            raise ShiftAlreadyOpen(message) from None
        publish(
            ShiftOpened(shift_id=shift.id, register_id=register.id, float_amount=float_amount, opened_at=now),
            occurred_at=now,
        )
    return shift


def open_shift_of(register: Register) -> Shift:
    """:raises ShiftNotOpen: when the register has none."""
    shift = Shift.objects.filter(register=register, state=Shift.State.OPEN).first()
    if shift is None:
        message = f"register {register.code} has no open shift"
        raise ShiftNotOpen(message)
    return shift


def take_receipt_number(register: Register) -> int:
    """Take the register's next receipt number; a rolled back transaction gives it back, so that none is missing."""
    return _take_number(register, "next_receipt_number")


def take_return_number(register: Register) -> int:
    return _take_number(register, "next_return_number")


def _take_number(register: Register, column: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE pos_register SET {column} = {column} + 1 WHERE id = %s RETURNING {column} - 1",
            [register.id],
        )
        number: int = cursor.fetchone()[0]
        return number
