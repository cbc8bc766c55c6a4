"""Devices: paired with a register, their tokens rotated, revoked."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from events.operations import audit
from events.publishing.unit_of_work import unit_of_work
from kernel.limits import NAME
from kernel.moments import MomentInvalid, require_expiry
from kernel.refusals import NotFound, Refusal
from kernel.text import require_line
from kernel.tokens import OVERLAP, hash_of, new_token
from pos.registers.models import Device, PairingCode, Register
from pos.registers.queries import find_device
from staff.duty.models import StaffSession
from staff.duty.services.signing import end_sessions
from staff.duty.tries import unlock_device

TOKEN_PREFIX = "tf"  # noqa: S105 - not a secret, the mark of one
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of pairing codes: none that is taken for another one (Crockford's base 32)."""
_TYPED = str.maketrans("OIL", "011", " -")
SELECTOR, SECRET = 4, 8
"""Letters of a pairing code: by which it is found, and which are guessed: 40 bits, tried five times."""
MOST_WRONG = 5
CODE_LASTS = timedelta(minutes=5)


class PairingCodeInvalid(Refusal):
    """The code is unknown, was used, has expired, or was typed wrong: which of these is not told."""

    code = "pairing-code-invalid"
    title = "Invalid pairing code"
    status = 403


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
    with unit_of_work():
        device.save(force_insert=True)
        audit.record(action="device paired", subject=f"device:{device.id}", detail=f"{name} with {register.code}")
    return device, token


def make_pairing_code(*, register_id: UUID, now: datetime) -> str:
    """Make a code by which one device is paired with a register within five minutes; it is not shown again.

    :raises NotFound: when the shop has no such register.
    """
    register = Register.objects.filter(pk=register_id).first()
    if register is None:
        message = f"this shop has no register {register_id}; {_registers()}"
        raise NotFound(message)
    selector, secret = _letters(SELECTOR), _letters(SECRET)
    with unit_of_work():
        PairingCode.objects.filter(expires_at__lt=now, used_at=None).delete()
        PairingCode.objects.create(
            register=register,
            selector=selector,
            secret_hash=hash_of(selector + secret),
            created_at=now,
            expires_at=now + CODE_LASTS,
        )
        audit.record(action="pairing code made", subject=f"register:{register.id}", detail=register.code)
    return f"{selector}-{secret[:4]}-{secret[4:]}"


def pair_by_code(*, code: str, app_version: str, now: datetime) -> tuple[Device, str]:
    """Pair a device by a code, which works once; return it with its token, which cannot be shown again.

    A wrong secret is counted with the code, also when the request is refused: after five the code is worthless.

    :param code: as it was typed: letters in any case, blanks and hyphens wherever they are.
    :raises PairingCodeInvalid: when the code is unknown, used, expired or wrong.
    """
    typed = code.upper().translate(_TYPED)
    with unit_of_work():
        found = PairingCode.objects.select_for_update(no_key=True).filter(selector=typed[:SELECTOR]).first()
        if found and _opens(found, typed, now):
            device, token = pair_device(
                register_code=found.register.code, name=f"Terminal of {found.register.name}"[:NAME]
            )
            device.app_version = app_version
            device.save(update_fields=["app_version"])
            found.used_at, found.device = now, device
            found.save(update_fields=["used_at", "device"])
            return device, token
    message = "this pairing code is unknown, used or older than five minutes: make another one in the admin"
    raise PairingCodeInvalid(message)


def note_device(*, device_id: UUID, app_version: str, clock: datetime | None, now: datetime) -> Device:
    """Note what a device says of itself: its version, and what its clock shows.

    :param app_version: empty: unchanged. :param clock: None: unchanged.
    """
    reported: dict[str, Any] = {"last_used_at": now}
    if app_version:
        reported["app_version"] = app_version
    if clock is not None:
        largest = 2**31 - 1
        offset = round((clock - now) / timedelta(milliseconds=1))
        reported["clock_offset_ms"] = max(-largest, min(largest, offset))
    Device.objects.filter(pk=device_id).update(**reported)
    return find_device(device_id)


def rotate_device_token(*, device_id: UUID, overlap: timedelta = OVERLAP) -> str:
    """Make a new token for a device; the one before stays valid for the overlap. Return it: it is not shown again.

    :raises NotFound: when there is no such device.
    :raises DeviceRevoked: when it was revoked.
    :raises DeviceExpired: when its token has expired, as a new one would have.
    """
    token = new_token(TOKEN_PREFIX)
    with unit_of_work():
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
    """Refuse a device from now on, for good, and end the sessions of who is signed in there.

    :raises NotFound: when there is no such device.
    :raises DeviceRevoked: when it was revoked before.
    """
    with unit_of_work():
        device = _paired(device_id)
        device.status = Device.Status.REVOKED
        device.save(update_fields=["status"])
        end_sessions(StaffSession.End.DEVICE_REVOKED, timezone.now(), device_id=device.id)
        audit.record(action="device revoked", subject=f"device:{device.id}", detail=device.name)
    return device


def unlock_device_for_pins(*, device_id: UUID) -> None:
    """Let PINs be tried at a device that is locked; what was tried of each person stays counted.

    :raises NotFound: when there is no such device. :raises DeviceRevoked: when it was revoked.
    """
    with unit_of_work():
        device = _paired(device_id)
        unlock_device(device.id)
        audit.record(action="device unlocked", subject=f"device:{device.id}", detail=device.name)


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
    with unit_of_work():
        device = _locked(device_id)
        changes = []
        for field, value in changed.items():
            changes.append(f"{field}: {getattr(device, field)} → {value}")
            setattr(device, field, value)
        device.save(update_fields=list(changed))
        audit.record(action="device changed", subject=f"device:{device.id}", detail="; ".join(changes))


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))


def _opens(found: PairingCode, typed: str, now: datetime) -> bool:
    """Say whether a code opens now; a wrong secret is counted."""
    if found.used_at is not None or found.expires_at <= now or found.wrong >= MOST_WRONG:
        return False
    if secrets.compare_digest(found.secret_hash, hash_of(typed)):
        return True
    found.wrong += 1
    found.save(update_fields=["wrong"])
    return False


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
