"""Why something happens: the request or event that the current code works for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from uuid import UUID

from kernel.ids import new_id


@dataclass(frozen=True, kw_only=True)
class Cause:
    """:param actor: who did it: `device:…`, `user:…`, `subscriber:…`, empty for the system itself."""

    correlation_id: UUID = field(default_factory=new_id)
    causation_id: UUID | None = None
    actor: str = ""
    traceparent: str = ""


_current: ContextVar[Cause | None] = ContextVar("cause", default=None)


def current_cause() -> Cause:
    return _current.get() or Cause()


@contextmanager
def caused_by(cause: Cause) -> Iterator[None]:
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    with caused_by(replace(current_cause(), actor=actor)):
        yield
