"""Who speaks on the API: a terminal, paired with a register of the shop at this host."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from web.scopes import EVENTS_READ


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """The principal of a request. `pk` is the device's id, which throttles count by."""

    device_id: UUID
    location_id: UUID
    currency: str
    is_held: Callable[[], bool] = field(default=lambda: True, compare=False)
    is_authenticated: bool = True

    @property
    def pk(self) -> UUID:
        return self.device_id

    @property
    def scopes(self) -> tuple[str, ...]:
        return (EVENTS_READ,)

    @property
    def actor(self) -> str:
        return f"device:{self.device_id}"

    def still_holds(self) -> bool:
        """Say whether the token is valid at this moment: long answers ask again."""
        return self.is_held()


class IsTerminal(BasePermission):
    """What a view asks for that names no scope: a paired terminal. A key's scopes say all that it may do."""

    message = "Only a paired terminal may do this; an API key may do what its scopes name."

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - DRF's signature
        return isinstance(request.user, Terminal)


def terminal_of(request: Request) -> Terminal:
    terminal: Terminal = request.user  # type: ignore[assignment]
    return terminal
