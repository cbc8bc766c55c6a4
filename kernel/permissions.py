"""Permissions of people at a till: what a role says of each, what an act needs of it, and who asks for the act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from uuid import UUID

from kernel.currencies import exponent


class Permission(StrEnum):
    """What a role permits. The list is closed: a role denies what it does not name."""

    SELL = "sell"
    DISCOUNT = "discount"
    PRICE_OVERRIDE = "price_override"
    RETURN_LINKED = "return_linked"
    RETURN_UNLINKED = "return_unlinked"
    VOID = "void"
    NO_SALE = "no_sale"
    PAID_IN = "paid_in"
    PAID_OUT = "paid_out"
    PICKUP = "pickup"
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    SEE_OVER_SHORT = "see_over_short"
    ADJUST_STOCK = "adjust_stock"
    RESOLVE_EXCEPTIONS = "resolve_exceptions"
    REPRINT = "reprint"


CHOICES = [(str(permission), str(permission)) for permission in Permission]
"""As the API's document names them."""


class Mode(StrEnum):
    ALLOW = "allow"
    APPROVAL = "approval"
    DENY = "deny"


BY_PERCENT = frozenset({Permission.DISCOUNT, Permission.PRICE_OVERRIDE})
BY_AMOUNT = frozenset({Permission.RETURN_LINKED, Permission.RETURN_UNLINKED, Permission.PAID_OUT})
"""Which permissions may have a limit: what is above it needs an approval."""

TELL_DIFFERENCES = frozenset({"expected", "over_short", "difference", "grand_total", "grand_total_before"})
"""The members of an event that tell what should be in a drawer: `SEE_OVER_SHORT` shows them."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What an act needs.

    :param reductions: each with what it is taken off, in minor units: a discount and its line's gross.
    :param amount: what is moved, in minor units of `currency`.
    """

    permission: Permission
    reductions: Sequence[tuple[int | Decimal, int | Decimal]] = ()
    amount: int = 0
    currency: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a role says of a permission.

    :param percent: up to which it holds. :param amount: up to which it holds, in major units of whatever currency.
    """

    mode: Mode
    percent: Decimal | None = None
    amount: Decimal | None = None

    def covers(self, need: Need) -> bool:
        """Say whether an act is within the limits: a reduction is, that was rounded up to the minor unit."""
        if self.percent is not None:
            share = self.percent / 100
            most = ((taken, (of * share).to_integral_value(ROUND_CEILING)) for taken, of in need.reductions)
            if any(taken > limit for taken, limit in most):
                return False
        if self.amount is not None and need.amount:
            return need.amount <= self.amount.scaleb(exponent(need.currency))
        return True


DENIED = Rule(mode=Mode.DENY)


@dataclass(frozen=True, kw_only=True)
class OnDuty:
    """A member of staff, with what their role says.

    :param approves: whether they may approve what others ask for. :param approves_own: what they ask for themselves.
    """

    staff_id: UUID
    rules: Mapping[Permission, Rule]
    approves: bool = False
    approves_own: bool = False

    def verdict(self, need: Need) -> Mode:
        rule = self.rules.get(need.permission, DENIED)
        return Mode.APPROVAL if rule.mode == Mode.ALLOW and not rule.covers(need) else rule.mode


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a request asks a service for, and who asks.

    :param id: of the document that it makes or changes. :param by: None in a shop without staff, and for an API key.
    :param approval_id: the approval that it names. :param digest: of its content; empty where it names none.
    :param device_id: from which it comes; None for an API key, and in the admin where it names no approval.
    """

    id: UUID
    by: OnDuty | None = None
    approval_id: UUID | None = None
    digest: str = ""
    device_id: UUID | None = None

    @property
    def staff_id(self) -> UUID | None:
        return self.by.staff_id if self.by else None


@dataclass(frozen=True, kw_only=True)
class Permit:
    """What a row keeps of who did it: the person, and the approval that was used."""

    staff_id: UUID | None = field(default=None)
    approval_id: UUID | None = field(default=None)


NOBODY = Permit()
