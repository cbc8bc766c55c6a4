"""Roles and the people who hold them."""

import hashlib
import secrets
from collections.abc import Sequence

from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from kernel.api.scopes import ALL_SCOPES
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import current_tenant
from staff.models import ApiKey, User

KEY_PREFIX = "tk"


class ScopeUnknown(Refusal):
    code = "scope-unknown"
    title = "Scope unknown"
    status = 422


class ApiKeyNameTaken(Refusal):
    code = "api-key-name-taken"
    title = "An API key has that name"


# Codenames that a role's members may use in the admin; "*" stands for every permission of the shop.
ROLES: dict[str, tuple[str, ...]] = {
    "cashier": ("view_product", "view_variant", "view_order"),
    "stock clerk": ("view_product", "view_variant", "view_stockitem", "view_stockmovement"),
    "store manager": ("*",),
    "accountant": ("view_order", "view_return", "view_payment", "view_paymentrefund", "view_shift"),
}


def define_roles() -> None:
    """Create the shop's roles, and complete them when the permissions have grown."""
    for name, codenames in ROLES.items():
        role, _ = Group.objects.get_or_create(name=name)
        permissions = Permission.objects.all()
        if codenames != ("*",):
            permissions = permissions.filter(codename__in=codenames)
        role.permissions.set(permissions)


def hire_owner(*, username: str, password: str, email: str = "") -> User:
    """Create the person who may do everything in the admin of this host, or set a new password for them."""
    owner, _ = User.objects.get_or_create(username=username, defaults={"email": email})
    owner.is_staff = owner.is_superuser = True
    owner.set_password(password)
    owner.save()
    return owner


def issue_api_key(*, name: str, scopes: Sequence[str]) -> str:
    """Make a key for this shop; it is returned once, and cannot be shown again.

    :raises ScopeUnknown: when a scope does not exist, or none is given.
    :raises ApiKeyNameTaken: when a key has that name.
    """
    unknown = sorted(set(scopes) - set(ALL_SCOPES))
    if unknown or not scopes:
        message = f"a key takes some of {', '.join(ALL_SCOPES)}; not {', '.join(unknown) or 'none'}"
        raise ScopeUnknown(message)
    if ApiKey.objects.filter(name=name).exists():
        message = f"an API key is named {name!r} already"
        raise ApiKeyNameTaken(message)
    key = f"{KEY_PREFIX}.{current_tenant()}.{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(name=name, scopes=sorted(scopes), key_hash=hash_of_key(key))
    return key


def revoke_api_key(*, name: str) -> None:
    """:raises NotFound: when no key of that name is valid."""
    if not ApiKey.objects.filter(name=name, revoked_at=None).update(revoked_at=timezone.now()):
        message = f"this shop has no valid API key named {name!r}"
        raise NotFound(message)


def hash_of_key(key: str) -> str:
    """Hash an API key. It is 256 random bits, so a plain hash cannot be searched back."""
    return hashlib.sha256(key.encode()).hexdigest()
