"""Device tokens: `Authorization: Bearer tf.<tenant>.<secret>`."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from kernel.permissions import Permission
from kernel.tenancy import current_tenant, in_public
from kernel.tokens import hash_of
from kernel.usage import is_stale
from pos.memory.shop import Beside, enter_shop
from pos.registers.models import Device, Register
from pos.registers.queries import device_of_token, has_staff, member_on_duty, whoever_was_on_duty
from pos.registers.services import TOKEN_PREFIX
from staff.duty.permitting import PermissionDenied
from staff.duty.sessions import SeenSession, find_session, note_use, reading
from web.errors import ApiProblem
from web.operations import holds
from web.places import Place, place_of
from web.terminal import STAFF_HEADER, Terminal, require_staff


class DeviceTokenAuthentication(BaseAuthentication):
    """The token names its tenant, which must be the one at this host."""

    def authenticate(self, request: Request) -> tuple[Terminal, Device] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or in_public():
            return None
        prefix, _, rest = token.partition(".")
        tenant, _, secret = rest.partition(".")
        if prefix != TOKEN_PREFIX or not secret:
            raise AuthenticationFailed("This is neither a device token (tf.…) nor an API key (tk.…) of this platform.")
        if tenant != current_tenant():
            raise ApiProblem(403, "tenant-mismatch", "This token belongs to another shop than the one at this host.")
        token_hash, now = hash_of(token), timezone.now()
        staff_token = request.headers.get(STAFF_HEADER, "")
        beside = enter_shop(reading(staff_token)) if staff_token else enter_shop()
        device = device_of_token(token_hash, now)
        if device is None:
            raise AuthenticationFailed("Unknown or revoked device token.")
        shut_out = _shut_out(device, now)
        if shut_out is not None and not _looks_paid(request):
            raise shut_out
        if is_stale(device.last_used_at, now):
            Device.objects.filter(pk=device.pk).update(last_used_at=now)
            device.last_used_at = now
        location = device.register.location
        terminal = Terminal(
            device_id=device.id,
            place=Place(location_id=location.id, currency=location.currency, register=device.register),
            is_held=lambda: _is_held(device.pk, token_hash),
            needs_staff=has_staff,
            **(_signed_in(staff_token, beside, device.id, now) if staff_token else {}),
            shut_out=shut_out,
        )
        return terminal, device

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


def _shut_out(device: Device, now: datetime) -> ApiProblem | None:
    """Say why nothing that a device sends takes effect; None where it may go on."""
    if device.status == Device.Status.REVOKED:
        return ApiProblem(401, "device-revoked", f"The device {device.name} was revoked.")
    if device.expires_at is not None and device.expires_at <= now:
        return ApiProblem(401, "device-token-expired", f"The token of {device.name} has expired: pair it again.")
    return None


def device_of(request: Request) -> Device | None:
    """Return the device whose token the request carries; None where it carries a key."""
    return request.auth if isinstance(request.auth, Device) else None


def register_of(request: Request) -> Register:
    """Return the register at which the request takes place, with its location."""
    register: Register = place_of(request).register
    return register


def sees_over_short(request: Request) -> bool:
    """Say whether who asks may see what is expected in a drawer. In a shop without staff, and with a key, anybody."""
    user = request.user
    return not isinstance(user, Terminal) or user.may(Permission.SEE_OVER_SHORT)


def require_sight(request: Request) -> None:
    """Let who asks see what is expected in a drawer, or refuse it.

    :raises PermissionDenied: when who is signed in counts blind. :raises ApiProblem: when nobody is signed in.
    """
    if not sees_over_short(request):
        require_staff(request)
        raise PermissionDenied([Permission.SEE_OVER_SHORT])


def _signed_in(token: str, beside: Beside | None, device_id: UUID, now: datetime) -> dict[str, Any]:
    """Find who is signed in, as the database has it now: the session was read when the shop was entered, or is here."""
    entered = SeenSession.read(json.loads(beside.value)) if beside and beside.value else None
    session = find_session(token) if beside is None else entered
    if session is None:
        return {"ended": "it is not known here"}
    ended = session.end(device_id, now)
    member = None if ended else member_on_duty(session.staff_id)
    if member is None:
        ended = ended or "whoever had signed in is no longer active"
        if session.device_id != device_id:
            return {"ended": ended}
        return {
            "ended": ended,
            "ended_at": session.went_on_until(now),
            "former": lambda: whoever_was_on_duty(session.staff_id),
            "may_return": lambda: member_on_duty(session.staff_id) is not None,
        }
    note_use(session, now)
    return {"staff": member, "session_id": session.id}


def _looks_paid(request: Request) -> bool:
    """Say whether a request of a device that is shut out goes on, to be held: it looks like a sale that was paid."""
    if not holds(request.parser_context.get("view"), request.method):
        return False
    try:
        sent = request.data
    except APIException:
        return False
    return isinstance(sent, dict) and bool(sent.get("tenders") or sent.get("origin") == "OFFLINE")


def _is_held(device_id: UUID, token_hash: str) -> bool:
    """Look again whether the token is the device's, and the device may go on."""
    now = timezone.now()
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    devices = Device.objects.answering_to(token_hash, now).filter(alive, pk=device_id, status=Device.Status.PAIRED)
    return devices.exists()


class DeviceTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "pos.registers.authentication.DeviceTokenAuthentication"
    name = "deviceToken"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The token of a paired device."}
