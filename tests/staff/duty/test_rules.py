"""Roles: what they allow, up to which limit, and what those of a new shop say."""

from decimal import Decimal
from typing import Any

import pytest

from kernel.ids import new_id
from kernel.permissions import BY_AMOUNT, BY_PERCENT, Mode, Need, OnDuty, Permission, Rule
from staff.duty.models import Role
from staff.duty.rules import DEFAULT_ROLES
from tenants.models import Tenant


def duty(**rules: Rule) -> OnDuty:
    return OnDuty(staff_id=new_id(), rules={Permission(name): rule for name, rule in rules.items()})


def discount(*reductions: tuple[int, int]) -> Need:
    return Need(permission=Permission.DISCOUNT, reductions=reductions)


@pytest.mark.parametrize(
    ("reductions", "verdict"),
    [
        ([], "allow"),
        ([(5, 100)], "allow"),
        ([(6, 100)], "approval"),
        ([(5, 99)], "allow"),
        ([(1, 3)], "allow"),
        ([(1, 3), (1, 1)], "allow"),
        ([(50, 1000), (51, 1000)], "approval"),
        ([(1, 0)], "approval"),
    ],
)
def test_a_discount_is_held_against_its_limit_line_by_line(reductions: list[tuple[int, int]], verdict: str) -> None:
    cashier = duty(discount=Rule(mode=Mode.ALLOW, percent=Decimal(5)))

    assert cashier.verdict(discount(*reductions)) == verdict


@pytest.mark.parametrize(
    ("amount", "currency", "verdict"),
    [
        (10_000, "EUR", "allow"), (10_001, "EUR", "approval"), (100, "JPY", "allow"), (101, "JPY", "approval"),
        (100_000, "KWD", "allow"), (100_001, "KWD", "approval"), (0, "", "allow"),
    ],
)  # fmt: skip
def test_an_amount_is_held_against_its_limit_in_major_units(amount: int, currency: str, verdict: str) -> None:
    cashier = duty(return_linked=Rule(mode=Mode.ALLOW, amount=Decimal(100)))

    asked = Need(permission=Permission.RETURN_LINKED, amount=amount, currency=currency)

    assert cashier.verdict(asked) == verdict


def test_a_role_denies_what_it_does_not_name(shop: Tenant) -> None:
    assert duty().verdict(Need(permission=Permission.SELL)) == Mode.DENY


def test_a_limit_makes_nothing_of_what_needs_an_approval_or_is_denied() -> None:
    asking = duty(discount=Rule(mode=Mode.APPROVAL, percent=Decimal(5)))
    denying = duty(discount=Rule(mode=Mode.DENY, percent=Decimal(5)))

    assert (asking.verdict(discount((1, 100))), denying.verdict(discount())) == (Mode.APPROVAL, Mode.DENY)


def says(role: str, permission: str) -> str:
    rule = Role.objects.get(name=role).read_rules().get(Permission(permission))
    if rule is None:
        return "deny"
    limit: Any = rule.percent if rule.percent is not None else rule.amount
    return str(rule.mode) if limit is None else f"{rule.mode} up to {limit}"


@pytest.mark.parametrize(
    ("role", "permission", "expected"),
    [
        ("cashier", "sell", "allow"),
        ("cashier", "discount", "allow up to 5"),
        ("cashier", "return_linked", "allow up to 100"),
        ("cashier", "price_override", "approval"),
        ("cashier", "return_unlinked", "approval"),
        ("cashier", "see_over_short", "deny"),
        ("senior cashier", "price_override", "allow up to 20"),
        ("senior cashier", "return_unlinked", "allow up to 100"),
        ("senior cashier", "paid_out", "allow up to 100"),
        ("senior cashier", "see_over_short", "deny"),
        ("shift supervisor", "open_shift", "allow"),
        ("shift supervisor", "close_shift", "allow"),
        ("shift supervisor", "see_over_short", "allow"),
        ("shift supervisor", "resolve_exceptions", "deny"),
        ("manager", "resolve_exceptions", "allow"),
    ],
)
def test_a_new_shop_has_the_roles_of_the_trade(shop: Tenant, role: str, permission: str, expected: str) -> None:
    assert says(role, permission) == expected


def test_supervisors_and_managers_approve_and_only_managers_their_own(shop: Tenant) -> None:
    approving = {role.name: (role.approves, role.approves_own) for role in Role.objects.all()}

    assert approving == {
        "cashier": (False, False),
        "senior cashier": (False, False),
        "shift supervisor": (True, False),
        "manager": (True, True),
    }


def test_limits_stand_only_where_a_limit_is_looked_at() -> None:
    for role in DEFAULT_ROLES:
        for permission, rule in role.limited.items():
            assert set(rule) <= {"percent"} if permission in BY_PERCENT else permission in BY_AMOUNT
