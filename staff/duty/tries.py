"""Tries of PINs, counted before they are judged.

A PIN of four digits that is tried ten times a day is guessed with a probability of 0.1 %, however many devices are
used and however many requests are sent at once. One device may use half of a person's tries: who holds it locks nobody
out elsewhere. A device that has tried as many PINs of people as it may is locked for everybody. A code that nobody has
is no guess of a PIN: it takes no try of a person, and none of the device's.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from kernel.refusals import Refusal

OF_STAFF = 10
OF_STAFF_AT_DEVICE = 5
OF_DEVICE = 20
KEPT = timedelta(days=7)
NOBODY = UUID(int=0)
STAND_INS = 256
"""Codes that nobody has share so many, which bounds how many of them are judged in a day, and the rows they leave."""

_COUNT = """
INSERT INTO staff_pintries (subject, device_id, day, tries) VALUES (%(subject)s, %(device)s, %(day)s, 1)
ON CONFLICT (subject, device_id, day) DO UPDATE SET tries = staff_pintries.tries + 1
WHERE staff_pintries.tries < %(most)s RETURNING tries
"""
_OF_DEVICE = "SELECT tries FROM staff_pintries WHERE subject = %s AND device_id = %s AND day = %s"
_GIVE_BACK = """
UPDATE staff_pintries SET tries = tries - 1
WHERE day = %(day)s AND (subject, device_id) IN
    ((%(nobody)s, %(device)s), (%(subject)s, %(device)s), (%(subject)s, %(nobody)s))
"""

_FORGET = """
DELETE FROM staff_pintries WHERE id IN (SELECT id FROM staff_pintries WHERE day < %s FOR UPDATE SKIP LOCKED)
"""


class PinLocked(Refusal):
    """Too many PINs were tried."""

    code = "pin-locked"
    title = "Too many wrong PINs"
    status = 429


@dataclass(frozen=True, kw_only=True)
class Try:
    """A try that was counted. :param used_up: what has none left after it, if it is wrong."""

    subject: UUID
    device_id: UUID
    day: date
    used_up: tuple[str, ...] = ()

    @property
    def until(self) -> datetime:
        return datetime.combine(self.day + timedelta(days=1), time(), tzinfo=UTC)


def stand_in(code: str) -> UUID:
    """Name a code that nobody has, without keeping it: somebody may have typed their PIN.

    Which codes share a stand-in cannot be known without SECRET_KEY. Otherwise, one that was used up by codes that
    somebody has made up would tell whether another code is known.
    """
    digest = salted_hmac("staff.duty.tries.stand_in", code, algorithm="sha256").digest()
    return uuid5(NAMESPACE_OID, f"nobody:{int.from_bytes(digest) % STAND_INS}")


def count_try(*, subject: UUID, device_id: UUID, now: datetime, is_known: bool = True) -> Try:
    """Count a try, and commit that. The rows are locked in the same order by all: device, both, person.

    :param subject: a person, or the stand-in of a code that nobody has. :param is_known: whether it is a person.
    :raises PinLocked: when no try is left; none is counted then.
    """
    day = now.astimezone(UTC).date()
    asked = Try(subject=subject, device_id=device_id, day=day)
    of_device = ("DEVICE", NOBODY, device_id, OF_DEVICE)
    limits = (
        *((of_device,) if is_known else ()),
        ("STAFF_AT_DEVICE", subject, device_id, OF_STAFF_AT_DEVICE),
        ("STAFF", subject, NOBODY, OF_STAFF),
    )
    used_up = []
    with transaction.atomic(), connection.cursor() as cursor:
        if not is_known:
            cursor.execute(_OF_DEVICE, [NOBODY, device_id, day])
            if (cursor.fetchone() or (0,))[0] >= OF_DEVICE:
                raise _locked("DEVICE", asked, now)
        for scope, person, device, most in limits:
            counting: dict[str, Any] = {"subject": person, "device": device, "day": day, "most": most}
            cursor.execute(_COUNT, counting)
            counted = cursor.fetchone()
            if counted is None:
                raise _locked(scope, asked, now)
            if counted[0] == most:
                used_up.append(scope)
            if counted[0] == 1 and person == NOBODY:
                cursor.execute(_FORGET, [day - KEPT])
    return Try(subject=subject, device_id=device_id, day=day, used_up=tuple(used_up))


def give_back(counted: Try) -> None:
    """Take a right PIN out of the count, in the current transaction: it was no guess."""
    of: dict[str, Any] = {"subject": counted.subject, "device": counted.device_id, "nobody": NOBODY, "day": counted.day}
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, of)


def forget_tries(subject: UUID) -> None:
    """Count from nothing for a person whose PIN is another one: what was tried says nothing of it."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM staff_pintries WHERE subject = %s", [subject])


def unlock_device(device_id: UUID) -> None:
    """Let a device try again. What was tried of each person stays counted."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM staff_pintries WHERE subject = %s AND device_id = %s", [NOBODY, device_id])


def _locked(scope: str, asked: Try, now: datetime) -> PinLocked:
    sentence = {
        "DEVICE": "too many wrong PINs were typed at this device today: use another one, or let the owner unlock it",
        "STAFF_AT_DEVICE": "this code was tried too often at this device today: sign in at another one",
        "STAFF": "this code was tried too often today: the owner can give a new PIN",
    }[scope]
    seconds = max(1, int((asked.until - now).total_seconds()))
    return PinLocked(sentence, scope=scope, retry_after=seconds)
