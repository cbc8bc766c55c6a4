"""Why something happens: the request or event that the current code works for."""

from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from types import TracebackType
from uuid import UUID

import msgspec

from kernel.ids import new_id


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """:param actor: who did it: `device:…`, `user:…`, `subscriber:…`, empty for the system itself."""

    correlation_id: UUID = msgspec.field(default_factory=new_id)
    causation_id: UUID | None = None
    actor: str = ""
    traceparent: str = ""


_current: ContextVar[Cause | None] = ContextVar("cause", default=None)


def current_cause() -> Cause:
    return _current.get() or Cause()


class _Caused:
    """A class, not a generator: it is entered for every event that is applied."""

    __slots__ = ("cause", "token")
    token: Token[Cause | None]

    def __init__(self, cause: Cause) -> None:
        self.cause = cause

    def __enter__(self) -> None:
        self.token = _current.set(self.cause)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self.token)


def caused_by(cause: Cause) -> AbstractContextManager[None]:
    return _Caused(cause)


def acting_as(actor: str) -> AbstractContextManager[None]:
    return caused_by(msgspec.structs.replace(current_cause(), actor=actor))
