"""What every card gateway can do. A key that was used before gets the answer of the first time."""

from dataclasses import dataclass
from functools import cache
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


class GatewayTimeout(Exception):
    """The gateway did not answer in time. It may have charged: only a look-up by the key can tell."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """:param reason: why a card was declined, in the gateway's words."""

    approved: bool
    reference: str
    reason: str = ""


class CardGateway(Protocol):
    def charge(self, *, key: UUID, amount: int, currency: str, card_token: str) -> Answer:
        """Charge a card (minor units). :raises GatewayTimeout: when no answer came."""

    def look_up(self, *, key: UUID) -> Answer | None:
        """Return the outcome of a charge, None when the gateway never got it. :raises GatewayTimeout: …"""

    def refund(self, *, key: UUID, charge_key: UUID, amount: int) -> Answer:
        """Give money back to a charged card (minor units). :raises GatewayTimeout: when no answer came."""


@cache
def card_gateway() -> CardGateway:
    """Return the gateway of this deployment, which the setting CARD_GATEWAY names."""
    gateway: CardGateway = import_string(settings.CARD_GATEWAY)()
    return gateway


def require_gateway() -> None:
    """:raises ImproperlyConfigured: when CARD_GATEWAY names no class that can be imported."""
    try:
        found = import_string(settings.CARD_GATEWAY)
    except ImportError as error:
        message = f"CARD_GATEWAY is set to {settings.CARD_GATEWAY!r}, which cannot be imported: {error}"
        raise ImproperlyConfigured(message) from error
    if not isinstance(found, type):
        message = f"CARD_GATEWAY is set to {settings.CARD_GATEWAY!r}, which is not a class"
        raise ImproperlyConfigured(message)
