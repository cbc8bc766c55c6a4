"""Signing in at a till with a code and a PIN, and out; and what ends sessions otherwise."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from kernel.refusals import NotFound, Refusal
from kernel.tokens import hash_of, new_token
from staff.duty.models import StaffMember, StaffSession
from staff.duty.pins import is_pin
from staff.duty.sessions import close_sessions
from staff.duty.tries import Try, count_try, give_back, stand_in
from staff.events import LockedOut, SignedIn, SignedOut

TOKEN_PREFIX = "ts"  # noqa: S105 - not a secret, the mark of one


class PinWrong(Refusal):
    """Nobody who is active has this code and this PIN; which of the two is wrong is not told."""

    code = "pin-wrong"
    title = "Wrong code or PIN"
    status = 401


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where somebody types their PIN. In the admin no device is there, and a stand-in of its user is counted."""

    device_id: UUID
    register_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Till(Where):
    """The device at which somebody types their PIN, and its register."""

    register_id: UUID


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """Somebody whose PIN was right. `counted` is given back by who goes on with it."""

    member: StaffMember
    counted: Try


def sign_in(*, code: str, pin: str, till: Till, now: datetime) -> tuple[StaffSession, str]:
    """Begin a session; return it with its token, which is not shown again.

    :raises PinWrong: when nobody who is active has this code and PIN.
    :raises PinLocked: when too many were tried.
    """
    recognised = recognise(code=code, pin=pin, till=till, now=now)
    token = new_token(TOKEN_PREFIX)
    with unit_of_work():
        member = confirm(recognised)
        session = StaffSession.objects.create(
            token_hash=hash_of(token),
            staff=member,
            device_id=till.device_id,
            register_id=till.register_id,
            started_at=now,
            last_used_at=now,
            idle_seconds=member.role.idle_minutes * 60,
        )
        publish(
            SignedIn(
                session_id=session.id,
                staff_id=member.id,
                device_id=till.device_id,
                register_id=till.register_id,
                role_id=member.role_id,
                started_at=now,
            )
        )
    return session, token


def sign_out(*, token: str, device_id: UUID, now: datetime) -> None:
    """:raises NotFound: when no session of this device that goes on has this token."""
    with unit_of_work():
        if not end_sessions(StaffSession.End.SIGNED_OUT, now, token_hash=hash_of(token), device_id=device_id):
            message = "no session of this device goes on under this token"
            raise NotFound(message)


def end_sessions(end: StaffSession.End, now: datetime, **which: Any) -> int:
    """End the open sessions that these conditions select, in the current unit of work; say how many there were."""
    ended = close_sessions(end, now, **which)
    for session in ended:
        publish(
            SignedOut(
                session_id=session.id,
                staff_id=session.staff_id,
                device_id=session.device_id,
                register_id=session.register_id,
                reason=end,
                ended_at=now,
            )
        )
    return len(ended)


def recognise(*, code: str, pin: str, till: Where, now: datetime) -> Recognised:
    """Count a try and judge it. The count is committed first, so a try that is cut off was one.

    :raises PinWrong: when nobody who is active has this code and PIN.
    :raises PinLocked: when too many were tried.
    """
    code = code.upper()
    member = StaffMember.objects.filter(code=code, is_active=True).first()
    subject = member.id if member else stand_in(code)
    counted = count_try(subject=subject, device_id=till.device_id, now=now, is_known=member is not None)
    if is_pin(pin, member.pin_hash if member else None) and member:
        return Recognised(member=member, counted=counted)
    _announce_lock(member, counted, till)
    message = "nobody has this code and this PIN"
    raise PinWrong(message)


def confirm(recognised: Recognised) -> StaffMember:
    """Return the person with their role, locked, and take their PIN out of the count, in the current unit of work.

    :raises PinWrong: when they got a new PIN, or were deactivated, while it was judged.
    """
    found = StaffMember.objects.select_for_update(no_key=True, of=("self",)).select_related("role")
    same = found.filter(pk=recognised.member.pk, pin_hash=recognised.member.pin_hash, is_active=True).first()
    if same is None:
        message = "this PIN was replaced a moment ago"
        raise PinWrong(message)
    give_back(recognised.counted)
    return same


def _announce_lock(member: StaffMember | None, counted: Try, till: Where) -> None:
    if counted.used_up:
        with unit_of_work():
            for scope in counted.used_up:
                publish(
                    LockedOut(
                        device_id=till.device_id,
                        register_id=till.register_id,
                        scope=scope,
                        staff_id=member.id if member and scope != "DEVICE" else None,
                        until=counted.until,
                    )
                )
