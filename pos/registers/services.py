"""Devices: paired with a register, their tokens rotated, revoked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction  # noqa: TID251 - no event, an audit entry
from django.utils import timezone

from events.operations import audit
from kernel.limits import NAME
from kernel.moments import MomentInvalid, require_expiry
from kernel.refusals import NotFound, Refusal
from kernel.text import require_line
from kernel.tokens import OVERLAP, hash_of, new_token
from pos.registers.models import Device, Register

TOKEN_PREFIX = "tf"  # noqa: S105 - not a secret, the mark of one


class DeviceExpired(Refusal):
    code = "device-expired"
    title = "Device expired"


class ExpiryInvalid(Refusal):
    code = "expiry-invalid"
    title = "Invalid expiry"
    status = 422


class DeviceRevoked(Refusal):
    code = "device-revoked"
    title = "Device revoked"


def pair_device(*, register_code: str, name: str, expires_at: datetime | None = None) -> tuple[Device, str]:
    """Pair a device with a register; return it with its token, which cannot be shown again.

    :param expires_at: from when on the token is refused; never when left out.
    :raises NotFound: when the shop has no such register.
    :raises TextRefused: when the name is empty, too long, or holds a control character.
    """
    require_line(name, NAME, "the name of a device")
    register = Register.objects.filter(code=register_code).first()
    if register is None:
        message = f"this shop has no register {register_code!r}; {_registers()}"
        raise NotFound(message)
    token = new_token(TOKEN_PREFIX)
    device = Device(
        register=register, name=name, token_hash=hash_of(token), expires_at=expires_at, last_used_at=timezone.now()
    )
    with transaction.atomic():
        device.save(force_insert=True)
        audit.record(action="device paired", subject=f"device:{device.id}", detail=f"{name} with {register.code}")
    return device, token


def rotate_device_token(*, device_id: UUID, overlap: timedelta = OVERLAP) -> str:
    """Make a new token for a device; the one before stays valid for the overlap. Return it: it is not shown again.

    :raises NotFound: when there is no such device.
    :raises DeviceRevoked: when it was revoked.
    :raises DeviceExpired: when its token has expired, as a new one would have.
    """
    token = new_token(TOKEN_PREFIX)
    with transaction.atomic():
        device = _paired(device_id)
        if device.expires_at is not None and device.expires_at <= timezone.now():
            message = f"the device {device.name} has expired: pair a new one"
            raise DeviceExpired(message)
        device.previous_hash, device.previous_until = device.token_hash, timezone.now() + overlap
        device.token_hash = hash_of(token)
        device.save(update_fields=["previous_hash", "previous_until", "token_hash"])
        until = f"the one before until {device.previous_until:%Y-%m-%d %H:%M} UTC"
        audit.record(action="device token rotated", subject=f"device:{device.id}", detail=f"{device.name}; {until}")
    return token


def revoke_device(*, device_id: UUID) -> Device:
    """Refuse a device from now on, for good.

    :raises NotFound: when there is no such device.
    :raises DeviceRevoked: when it was revoked before.
    """
    with transaction.atomic():
        device = _paired(device_id)
        device.status = Device.Status.REVOKED
        device.save(update_fields=["status"])
        audit.record(action="device revoked", subject=f"device:{device.id}", detail=device.name)
    return device


def change_device(*, device_id: UUID, changed: Mapping[str, Any]) -> None:
    """Change a device's name, its register or when its token expires, and write it into the audit.

    :param changed: new values by field: `name`, `register`, `expires_at`.
    :raises NotFound: when there is no such device.
    :raises ExpiryInvalid: when it would expire before 2000, or more than ten years from now.
    """
    expires_at = changed.get("expires_at")
    if expires_at is not None:
        try:
            require_expiry(expires_at, now=timezone.now())
        except MomentInvalid as invalid:
            raise ExpiryInvalid(str(invalid), field="expires_at") from None
    with transaction.atomic():
        device = _locked(device_id)
        changes = []
        for field, value in changed.items():
            changes.append(f"{field}: {getattr(device, field)} → {value}")
            setattr(device, field, value)
        device.save(update_fields=list(changed))
        audit.record(action="device changed", subject=f"device:{device.id}", detail="; ".join(changes))


def _locked(device_id: UUID) -> Device:
    device = Device.objects.select_for_update(no_key=True).filter(id=device_id).first()
    if device is None:
        message = f"this shop has no device {device_id}"
        raise NotFound(message)
    return device


def _paired(device_id: UUID) -> Device:
    device = _locked(device_id)
    if device.status == Device.Status.REVOKED:
        message = f"the device {device.name} was revoked, which is final: pair a new one"
        raise DeviceRevoked(message)
    return device


def _registers() -> str:
    codes = ", ".join(Register.objects.order_by("code").values_list("code", flat=True))
    if codes:
        return f"it has {codes}"
    return "the workers make R1 when they apply that the shop was created, so start workers and beat, and try again"
