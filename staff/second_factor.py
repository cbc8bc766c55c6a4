"""The second factor: codes of an app (TOTP, RFC 6238) and recovery codes, which a shop can require of its staff."""

import base64
import secrets
from enum import StrEnum, auto
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django_otp import login as remember_verified
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from events.operations import audit
from kernel.refusals import Refusal
from staff.models import SignInRules, User

RECOVERY_CODES = 10


class CodeWrong(Refusal):
    code = "second-factor-code-wrong"
    title = "Wrong code"
    status = 422


class Standing(StrEnum):
    """Where a signed-in person stands with the second factor."""

    NOT_NEEDED = auto()
    TO_ENROL = auto()
    TO_VERIFY = auto()
    PASSED = auto()


def standing(request: HttpRequest) -> Standing:
    """Tell it for this request; read once."""
    found: Standing | None = getattr(request, "_second_factor", None)
    if found is None:
        found = _standing(request)
        request._second_factor = found  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def _standing(request: HttpRequest) -> Standing:
    if getattr(request.user, "otp_device", None) is not None:
        return Standing.PASSED
    if has_second_factor(request.user):
        return Standing.TO_VERIFY
    return Standing.TO_ENROL if SignInRules.current().second_factor_required else Standing.NOT_NEEDED


def has_second_factor(person: Any) -> bool:
    return TOTPDevice.objects.filter(user_id=person.pk, confirmed=True).exists()


def device_to_enrol(person: User) -> TOTPDevice:
    """Return the app's secret that the person is about to confirm; the same one until they have."""
    device = TOTPDevice.objects.filter(user=person, confirmed=False).first()
    return device or TOTPDevice.objects.create(user=person, name="app", confirmed=False)


def shown_secret(device: TOTPDevice) -> str:
    """Write the secret as apps take it by hand: base 32, in groups of four."""
    plain = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def confirm(request: HttpRequest, person: User, code: str) -> list[str]:
    """Take the app into use that gave this code; return new recovery codes, which cannot be shown again.

    :raises CodeWrong: when the code is not the app's at this moment.
    """
    device = device_to_enrol(person)
    if verify_token(person, device.persistent_id, code) is None:
        raise CodeWrong("this is not the app's current code: a code is valid for 30 seconds, enter a new one")
    with transaction.atomic():
        TOTPDevice.objects.filter(user=person).exclude(pk=device.pk).delete()
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        codes = _new_recovery_codes(person)
        audit.record(action="second factor added", subject=f"user:{person.username}")
    device.confirmed = True
    _passed(request, device)
    return codes


def verify(request: HttpRequest, person: User, code: str) -> None:
    """Let a person in who has given the code of their app, or one of their recovery codes, which is used up by it.

    :raises CodeWrong: when it is neither, or too many were wrong in a row: each doubles the wait.
    """
    by_app = code.isdecimal()
    device = _device(person, TOTPDevice if by_app else StaticDevice)
    if device is None or verify_token(person, device.persistent_id, code.lower()) is None:
        audit.record(action="second factor failed", subject=f"user:{person.username}")
        raise CodeWrong("wrong code, or too many wrong codes before it: wait a moment and enter a new one")
    left = "" if by_app else f"{StaticToken.objects.filter(device__user=person).count()} recovery codes left"
    audit.record(action="second factor passed" if by_app else "recovery code used", detail=left)
    _passed(request, device)


def remove(*, person: User) -> None:
    """Take a person's second factor away, so that they enrol again: their phone is lost."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=person).delete()
        StaticDevice.objects.filter(user=person).delete()
        audit.record(action="second factor removed", subject=f"user:{person.username}")


def new_recovery_codes(*, person: User) -> list[str]:
    """Make new recovery codes in place of the old ones; they cannot be shown again."""
    with transaction.atomic():
        codes = _new_recovery_codes(person)
        audit.record(action="recovery codes renewed", subject=f"user:{person.username}")
    return codes


def _new_recovery_codes(person: User) -> list[str]:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="recovery codes")
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    codes = [f"{_word(alphabet)}-{_word(alphabet)}" for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def _word(alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(5))


def _device(person: User, kind: type[Device]) -> Device | None:
    found: Device | None = kind.objects.filter(user=person, confirmed=True).first()
    return found


def _passed(request: HttpRequest, device: Device) -> None:
    request.session.cycle_key()
    remember_verified(request, device)
    request._second_factor = Standing.PASSED  # type: ignore[attr-defined]  # noqa: SLF001
