"""Sessions at the tills, as a request names them by their tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.tokens import hash_of
from staff.duty.models import StaffSession

NOTED_EVERY = timedelta(minutes=1)
COLUMNS = ("id", "staff_id", "device_id", "last_used_at", "idle_seconds", "ended_by", "ended_at")


@dataclass(frozen=True, kw_only=True)
class SeenSession:
    """:param ended_by: empty while it goes on; see `ended`."""

    id: UUID
    staff_id: UUID
    device_id: UUID
    last_used_at: datetime
    idle_seconds: int
    ended_by: str
    ended_at: datetime | None = None

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "SeenSession":
        """:param found: the columns, as JSON has them."""
        return cls(
            id=UUID(found["id"]),
            staff_id=UUID(found["staff_id"]),
            device_id=UUID(found["device_id"]),
            last_used_at=datetime.fromisoformat(found["last_used_at"]),
            idle_seconds=found["idle_seconds"],
            ended_by=found["ended_by"],
            ended_at=datetime.fromisoformat(found["ended_at"]) if found["ended_at"] else None,
        )

    def end(self, device_id: UUID, now: datetime) -> str:
        """Say why a request from this device has no session by it; empty where it has one."""
        if self.device_id != device_id:
            return "it is of another device"
        if self.ended_by:
            return StaffSession.End(self.ended_by).label.lower()
        if now - self.last_used_at > timedelta(seconds=self.idle_seconds):
            return StaffSession.End.IDLE.label.lower()
        return ""

    def went_on_until(self, now: datetime) -> datetime:
        """Say until when a session went on that is over: until it was ended or idle, whichever was first.

        Where neither is so, whoever had signed in is no longer active: until it was last used, as far as is known.
        """
        idle_at = self.last_used_at + timedelta(seconds=self.idle_seconds)
        if self.ended_at is not None:
            return min(self.ended_at, idle_at)
        return idle_at if idle_at < now else self.last_used_at


def reading(token: str) -> str:
    """Return the SELECT, in parentheses, that reads the session of a token as JSON: it travels with another one."""
    columns = ", ".join(COLUMNS)
    inner = f"SELECT {columns} FROM staff_staffsession WHERE token_hash = '{hash_of(token)}'"
    return f"(SELECT to_jsonb(s) FROM ({inner}) s)"


def find_session(token: str) -> SeenSession | None:
    found = StaffSession.objects.filter(token_hash=hash_of(token)).values(*COLUMNS).first()
    return SeenSession(**found) if found else None


def note_use(session: SeenSession, now: datetime) -> None:
    """Keep a session from becoming idle; written at most once a minute."""
    if now - session.last_used_at > NOTED_EVERY:
        StaffSession.objects.filter(pk=session.id, ended_at=None, last_used_at__lt=now).update(last_used_at=now)


def close_sessions(end: StaffSession.End, now: datetime, **which: Any) -> list[StaffSession]:
    """End the open sessions that these conditions select, and return them; the rows are locked."""
    open_ones = StaffSession.objects.select_for_update(no_key=True).filter(ended_at=None, **which)
    sessions = list(open_ones.order_by("id"))
    for session in sessions:
        session.ended_at, session.ended_by = now, end
        session.save(update_fields=["ended_at", "ended_by"])
    return sessions
