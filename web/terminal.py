"""Who speaks on the API: a terminal, paired with a register of the shop at this host."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from web.places import Place
from web.scopes import EVENTS_READ


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """The principal of a request. `pk` is the device's id, which throttles count by."""

    device_id: UUID
    place: Place
    is_held: Callable[[], bool] = field(default=lambda: True, compare=False)
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

    def still_holds(self) -> bool:
        """Say whether the token is valid at this moment: long answers ask again."""
        return self.is_held()


class MayAsk(BasePermission):
    """What a view asks for that names no scope: a paired terminal, or a key with the operation's scopes."""

    message = "Only a paired terminal may do this; an API key may do what its scopes name."

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.user, Terminal):
            return True
        declared = getattr(getattr(view, str(request.method).lower(), None), "operation", None)
        needed = declared.scopes if declared else ()
        if needed:
            self.message = f"This needs a paired terminal, or an API key with the scope {' and '.join(needed)}."
        return bool(needed) and set(needed) <= set(getattr(request.user, "scopes", ()))
