"""Scopes: what a key of the API may do."""

from typing import Any, Protocol

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

EVENTS_READ = "events:read"
EVENTS_OPERATE = "events:operate"
WEBHOOKS_WRITE = "webhooks:write"
OF_INTEGRATION = (EVENTS_READ, EVENTS_OPERATE, WEBHOOKS_WRITE)
"""What a key has for which none are chosen."""
CATALOGUE_READ, CATALOGUE_WRITE = "catalogue:read", "catalogue:write"
PRICES_READ, PRICES_WRITE = "prices:read", "prices:write"
STOCK_READ, STOCK_WRITE = "stock:read", "stock:write"
ORDERS_READ, ORDERS_WRITE = "orders:read", "orders:write"
PAYMENTS_READ, PAYMENTS_WRITE = "payments:read", "payments:write"
RECEIPTS_READ, RECEIPTS_WRITE = "receipts:read", "receipts:write"
OF_SHOP = (
    CATALOGUE_READ, CATALOGUE_WRITE, PRICES_READ, PRICES_WRITE, STOCK_READ, STOCK_WRITE, ORDERS_READ, ORDERS_WRITE,
    PAYMENTS_READ, PAYMENTS_WRITE, RECEIPTS_READ, RECEIPTS_WRITE,
)  # fmt: skip
"""What terminals may do without a scope, and a key with them."""
REPORTS_READ = "reports:read"
ALL_SCOPES = (*OF_INTEGRATION, *OF_SHOP, REPORTS_READ)


class Principal(Protocol):
    """Who speaks: a terminal, or the holder of a key."""

    def still_holds(self) -> bool:
        """Say whether the token or key is valid at this moment; what answers for long asks again and again."""


def require_scope(scope: str) -> type[BasePermission]:
    """Make the permission class that lets only principals with a scope pass."""

    class HasScope(BasePermission):
        needed = scope
        message = f"This needs an API key with the scope {scope}."

        def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002 - DRF's signature
            return scope in getattr(request.user, "scopes", ())

    return HasScope


def actor_of(request: Request) -> str:
    """Name who speaks, as the log and the audit know them."""
    return str(getattr(request.user, "actor", ""))
