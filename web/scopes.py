"""Scopes: what a key of the API may do."""

from typing import Any, Protocol

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

EVENTS_READ = "events:read"
EVENTS_OPERATE = "events:operate"
WEBHOOKS_WRITE = "webhooks:write"
ALL_SCOPES = (EVENTS_READ, EVENTS_OPERATE, WEBHOOKS_WRITE)


class Principal(Protocol):
    """Who speaks: a terminal, or the holder of a key."""

    def still_holds(self) -> bool:
        """Say whether the token or key is valid at this moment; what answers for long asks again and again."""


def require_scope(scope: str) -> type[BasePermission]:
    """Make the permission class that lets only principals with a scope pass."""

    class HasScope(BasePermission):
        message = f"This needs an API key with the scope {scope}."

        def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - DRF's signature
            return scope in getattr(request.user, "scopes", ())

    return HasScope


def actor_of(request: Request) -> str:
    """Name who speaks, as the log and the audit know them."""
    return str(getattr(request.user, "actor", ""))
