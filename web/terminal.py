"""Who speaks on the API: a terminal, paired with a register of the shop at this host."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from kernel.permissions import Mode, Need, OnDuty, Permission
from web.errors import ApiProblem
from web.places import Place
from web.scopes import EVENTS_READ, PAYMENTS_WRITE

STAFF_HEADER = "X-Staff-Session"
READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """The principal of a request. `pk` is the device's id, which throttles count by.

    :param staff: who is signed in there; None where the request names no session that goes on.
    :param needs_staff: whether the shop has ever taken somebody on: then somebody must be signed in for what is more
        than to read.
    :param ended: why the session that the request names has ended; empty where it names none.
    :param ended_at: when that was; None where no session of this terminal has ended.
    :param former: reads who was signed in by the session that has ended.
    :param may_return: reads whether they may sign in again: they still work here.
    :param shut_out: why nothing that the device sends takes effect, where it is revoked or has expired: only operations
        that hold such requests meet it (`web.operations.holds`).
    """

    device_id: UUID
    place: Place
    staff: OnDuty | None = None
    session_id: UUID | None = None
    ended: str = ""
    ended_at: datetime | None = None
    former: Callable[[], OnDuty | None] = field(default=lambda: None, compare=False)
    may_return: Callable[[], bool] = field(default=lambda: True, compare=False)
    shut_out: ApiProblem | None = field(default=None, compare=False)
    is_held: Callable[[], bool] = field(default=lambda: True, compare=False)
    needs_staff: Callable[[], bool] = field(default=lambda: False, compare=False)
    is_authenticated: bool = True
    scopes: ClassVar = (EVENTS_READ,)

    @property
    def currency(self) -> str:
        return self.place.currency

    @property
    def pk(self) -> UUID:
        return self.device_id

    @property
    def actor(self) -> str:
        return f"device:{self.device_id}"

    def may(self, permission: Permission) -> bool:
        """Say whether whoever is signed in is allowed it without an approval; in a shop without staff, anybody is."""
        if not self.needs_staff():
            return True
        return self.staff is not None and self.staff.verdict(Need(permission=permission)) == Mode.ALLOW

    def still_holds(self) -> bool:
        """Say whether the token is valid at this moment: long answers ask again."""
        return self.is_held()


class Anyone(BasePermission):
    """What a view asks for that needs no token: a code in the body stands in its place."""


class MayAsk(BasePermission):
    """What a view asks for that names no scope: a paired terminal, or a key with the operation's scopes."""

    message = "Only a paired terminal may do this; an API key may do what its scopes name."

    def has_permission(self, request: Request, view: Any) -> bool:
        """:raises ApiProblem: when somebody must be signed in at the terminal, and nobody is."""
        declared = getattr(getattr(view, str(request.method).lower(), None), "operation", None)
        if isinstance(request.user, Terminal):
            if declared and declared.holds and _may_be_a_sale(request.user, request):
                request.seller = request.user.staff or request.user.former()  # type: ignore[attr-defined]
                return True
            if request.method not in READING and not (declared and declared.without_staff):
                _require_staff(request.user)
            return True
        needed = declared.scopes if declared else ()
        if needed:
            self.message = f"This needs a paired terminal, or an API key with the scope {' and '.join(needed)}."
        return bool(needed) and set(needed) <= set(getattr(request.user, "scopes", ()))


def _may_be_a_sale(terminal: Terminal, request: Request) -> bool:
    """Say whether the operation itself decides: nobody can sign in at the terminal, or whoever sold has left it."""
    shop_works = bool(getattr(getattr(request, "tenant", None), "accepts_requests", True))
    return terminal.shut_out is not None or not shop_works or _has_ended(terminal)


def on_duty(request: Request) -> OnDuty | None:
    """Return who is signed in at the terminal; None in a shop without staff, and where an API key asks.

    Of a request that an operation with `holds` judges: who was signed in, where their session has ended.
    """
    staff: OnDuty | None = getattr(request.user, "staff", None)
    return staff or getattr(request, "seller", None)


def refused_as_ended(request: Request, sold_at: datetime | None) -> ApiProblem | None:
    """Say why a request is not that of whoever it names: their session has ended.

    :param sold_at: when it was sold, if it is a sale that was paid: it is theirs up to the end of their session.
    """
    terminal = request.user
    if not isinstance(terminal, Terminal) or not _has_ended(terminal):
        return None
    assert terminal.ended_at is not None
    return None if sold_at is not None and sold_at <= terminal.ended_at else _ended(terminal)


def _has_ended(terminal: Terminal) -> bool:
    return terminal.staff is None and terminal.ended_at is not None and terminal.needs_staff()


def may_move_money(request: Request) -> bool:
    """Say whether a request may take or give money: of keys, those with the scope for it."""
    return isinstance(request.user, Terminal) or PAYMENTS_WRITE in getattr(request.user, "scopes", ())


def require_money_scope(request: Request) -> None:
    """:raises ApiProblem: when a key asks that may not take or give money."""
    if not may_move_money(request):
        detail = f"This takes or gives money: it needs a paired terminal, or an API key with {PAYMENTS_WRITE} as well."
        raise ApiProblem(403, "permission-denied", detail)


def require_staff(request: Request) -> None:
    """:raises ApiProblem: when a terminal asks at which somebody must be signed in, and nobody is."""
    if isinstance(request.user, Terminal):
        _require_staff(request.user)


def _require_staff(terminal: Terminal) -> None:
    if terminal.staff is None and terminal.needs_staff():
        if terminal.ended:
            raise _ended(terminal)
        detail = f"This shop has staff: sign in by POST /api/v1/staff-sessions, and send {STAFF_HEADER}."
        raise ApiProblem(401, "staff-session-required", detail)


def _ended(terminal: Terminal) -> ApiProblem:
    detail = f"The staff session has ended: {terminal.ended}. Sign in again: POST /api/v1/staff-sessions."
    return ApiProblem(401, "staff-session-ended", detail)
