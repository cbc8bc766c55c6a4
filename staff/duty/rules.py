"""The rules of roles: as they are kept, and those of a new shop."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kernel.permissions import Mode, Permission, Rule

Kept = Mapping[str, Mapping[str, str]]
"""By permission: a mode, and `percent` or `amount` where there is a limit."""


def read_rules(kept: Mapping[str, Any]) -> dict[Permission, Rule]:
    """Read rules as they are kept. A permission that this release does not know is passed over."""
    return {Permission(name): _rule(kept[name]) for name in Permission if name in kept}


def _rule(kept: Mapping[str, str]) -> Rule:
    percent, amount = kept.get("percent"), kept.get("amount")
    return Rule(
        mode=Mode(kept["mode"]),
        percent=None if percent is None else Decimal(percent),
        amount=None if amount is None else Decimal(amount),
    )


@dataclass(frozen=True, kw_only=True)
class DefaultRole:
    """What is neither allowed, nor asked for, nor allowed up to a limit, is denied."""

    name: str
    allowed: tuple[Permission, ...]
    asking: tuple[Permission, ...] = ()
    limited: Mapping[Permission, Mapping[str, str]]
    approves: bool = False
    approves_own: bool = False

    def rules(self) -> dict[str, dict[str, str]]:
        return {
            **{str(name): {"mode": "allow"} for name in self.allowed},
            **{str(name): {"mode": "approval"} for name in self.asking},
            **{str(name): {"mode": "allow", **limit} for name, limit in self.limited.items()},
        }


P = Permission
DEFAULT_ROLES = (
    DefaultRole(
        name="cashier",
        allowed=(P.SELL, P.REPRINT),
        asking=(
            P.PRICE_OVERRIDE, P.RETURN_UNLINKED, P.VOID, P.NO_SALE, P.PAID_IN, P.PAID_OUT, P.PICKUP, P.OPEN_SHIFT,
            P.CLOSE_SHIFT, P.ADJUST_STOCK,
        ),
        limited={P.DISCOUNT: {"percent": "5"}, P.RETURN_LINKED: {"amount": "100"}},
    ),
    DefaultRole(
        name="senior cashier",
        allowed=(P.SELL, P.REPRINT, P.VOID, P.NO_SALE, P.PAID_IN),
        asking=(P.PICKUP, P.OPEN_SHIFT, P.CLOSE_SHIFT, P.ADJUST_STOCK),
        limited={
            P.DISCOUNT: {"percent": "10"},
            P.PRICE_OVERRIDE: {"percent": "20"},
            P.RETURN_LINKED: {"amount": "500"},
            P.RETURN_UNLINKED: {"amount": "100"},
            P.PAID_OUT: {"amount": "100"},
        },
    ),
    DefaultRole(
        name="shift supervisor",
        allowed=(
            P.SELL, P.REPRINT, P.VOID, P.NO_SALE, P.PAID_IN, P.PICKUP, P.OPEN_SHIFT, P.CLOSE_SHIFT, P.SEE_OVER_SHORT,
            P.PRICE_OVERRIDE, P.RETURN_LINKED, P.ADJUST_STOCK,
        ),
        limited={
            P.DISCOUNT: {"percent": "30"},
            P.RETURN_UNLINKED: {"amount": "500"},
            P.PAID_OUT: {"amount": "500"},
        },
        approves=True,
    ),
    DefaultRole(name="manager", allowed=tuple(Permission), limited={}, approves=True, approves_own=True),
)  # fmt: skip
"""Of a new shop. Its owner changes them."""
