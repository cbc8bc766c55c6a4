"""Roles, the people who hold them, and the keys of integrators."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from events.operations import audit
from kernel.refusals import NotFound, Refusal
from kernel.text import require_line
from kernel.tokens import OVERLAP, hash_of, new_token
from staff.models import KEY_NAME, ApiKey, OfferedPermissions, User
from web.scopes import ALL_SCOPES

KEY_PREFIX = "tk"
LABELS = {"username": "the user name", "email": "the mail address"}


class ScopeUnknown(Refusal):
    code = "scope-unknown"
    title = "Unknown scope"
    status = 422


class ApiKeyNameTaken(Refusal):
    code = "api-key-name-taken"
    title = "API key name taken"


class ExpiryInvalid(Refusal):
    code = "expiry-invalid"
    title = "Invalid expiry"
    status = 422


class PersonInvalid(Refusal):
    code = "person-invalid"
    title = "Invalid name or address of a person"
    status = 422


class PasswordTooWeak(Refusal):
    code = "password-too-weak"
    title = "Password too weak"
    status = 422


# Codenames that a role's members may use in the admin; "*" stands for every permission of the shop.
ROLES: dict[str, tuple[str, ...]] = {
    "cashier": ("view_product", "view_variant", "view_order", "view_receipt"),
    "stock clerk": (
        "view_product",
        "view_variant",
        "view_stockitem",
        "view_stockmovement",
        "receive_goods",
        "adjust_stock",
    ),
    "store manager": ("*",),
    "accountant": (
        "view_order",
        "view_return",
        "view_receipt",
        "view_shopprofile",
        "view_payment",
        "view_paymentrefund",
        "view_cashdrawer",
        "view_cashmovement",
        "view_refund",
        "view_shift",
        "view_reportfigure",
    ),
}


def define_roles() -> None:
    """Create the roles that the shop lacks, and give all of them the permissions that are new since the last time."""
    for name in ROLES:
        role, created = Group.objects.get_or_create(name=name)
        if created:
            role.permissions.set(_permissions_of(name))
    complete_roles()


def complete_roles() -> None:
    """Give the shop's roles the permissions that a release has added. A role that was deleted stays deleted.

    A permission that was there before is not given again: the owner has taken it from the role. Where it is not
    recorded which were there, it is those up to the newest one that a role holds.
    """
    roles = list(Group.objects.filter(name__in=ROLES).order_by("name"))
    if not roles:
        return
    with transaction.atomic():
        offered = OfferedPermissions.objects.select_for_update().first()
        held = Permission.objects.filter(group__in=roles)
        since = offered.newest if offered else held.aggregate(newest=Max("id"))["newest"] or 0
        for role in roles:
            added = _permissions_of(role.name).filter(id__gt=since).exclude(group=role)
            if names := sorted(added.values_list("codename", flat=True)):
                role.permissions.add(*added)
                grown = " ".join(f"+{name}" for name in names)
                audit.record(action="permissions changed", subject=f"role:{role.name}", detail=grown, actor="release")
        newest = Permission.objects.aggregate(newest=Max("id"))["newest"] or 0
        OfferedPermissions.objects.update_or_create(id=1, defaults={"newest": max(newest, since)})


def _permissions_of(role: str) -> QuerySet[Permission]:
    found = Permission.objects.all()
    return found if ROLES[role] == ("*",) else found.filter(codename__in=ROLES[role])


def hire_owner(*, username: str, password: str, email: str = "") -> User:
    """Create the person who may do everything in the admin of this host, or set a new password for them.

    :param username: is normalised (NFKC), as the form at the door does.
    :raises PersonInvalid: when nobody new may have this name, or the address is none.
    :raises PasswordTooWeak: when a validator of AUTH_PASSWORD_VALIDATORS refuses the password.
    """
    with transaction.atomic():
        owner = owner_named(username, email)
        created = owner.pk is None
        require_valid_person(owner, email, new=created)
        require_strong_password(password, owner)
        owner.set_password(password)
        owner.save()
        audit.record(action="owner added" if created else "owner's password set", subject=f"user:{owner.username}")
    return owner


def owner_named(username: str, email: str) -> User:
    """Find the person of this name, whose row is locked then, or make one who is not saved yet; they may do everything.

    :param username: is normalised (NFKC), as the form at the door does.
    """
    username = User.normalize_username(username)
    owner = User.objects.select_for_update().filter(username=username).first() or User(username=username, email=email)
    owner.is_staff = owner.is_superuser = True
    return owner


def require_valid_person(person: User, email: str, *, new: bool) -> None:
    """Hold a person against the rules of the admin's forms; the name of one who exists stays as it is.

    :raises PersonInvalid: when nobody new may have this name, or the address is none.
    """
    fields = {"email": email, **({"username": person.username} if new else {})}
    for name, value in fields.items():
        try:
            User._meta.get_field(name).clean(value, person)  # type: ignore[union-attr]
        except ValidationError as error:
            message = f"{LABELS[name]} {value!r}: {' '.join(error.messages)}"
            raise PersonInvalid(message, field=name) from None


def require_strong_password(password: str, person: User) -> None:
    """:raises PasswordTooWeak: when a validator of AUTH_PASSWORD_VALIDATORS refuses it for this person."""
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise PasswordTooWeak(" ".join(error.messages)) from None


def issue_api_key(*, name: str, scopes: Sequence[str], expires_at: datetime | None = None) -> str:
    """Make a key for this shop; it is returned once, and cannot be shown again.

    :raises TextRefused: when the name is empty, too long, or holds a control character.
    :raises ScopeUnknown: when a scope does not exist, or none is given.
    :raises ApiKeyNameTaken: when a key has that name.
    :raises ExpiryInvalid: when it would have expired already.
    """
    require_line(name, KEY_NAME, "the name of an API key")
    unknown = sorted(set(scopes) - set(ALL_SCOPES))
    if unknown or not scopes:
        message = f"a key can have the scopes {', '.join(ALL_SCOPES)}, not {', '.join(unknown) or 'none'}"
        raise ScopeUnknown(message, field="scopes")
    now = timezone.now()
    if expires_at is not None and expires_at <= now:
        message = f"the key would have expired already, at {expires_at:%Y-%m-%d %H:%M}"
        raise ExpiryInvalid(message, field="expires_at")
    key = new_token(KEY_PREFIX)
    row = ApiKey(name=name, scopes=sorted(scopes), key_hash=hash_of(key), expires_at=expires_at, last_used_at=now)
    with transaction.atomic():
        if ApiKey.objects.filter(name=name).exists():
            message = f"an API key is named {name!r} already"
            raise ApiKeyNameTaken(message, field="name")
        row.save(force_insert=True)
        audit.record(action="API key issued", subject=f"api-key:{name}", detail=" ".join(row.scopes))
    return key


def rotate_api_key(*, name: str, overlap: timedelta = OVERLAP) -> str:
    """Make a new key in place of one, which stays valid for the overlap; return the new one, which is shown once.

    :raises NotFound: when no key of that name is valid.
    :raises ExpiryInvalid: when the key has expired, as a new one in its place would.
    """
    key, now = new_token(KEY_PREFIX), timezone.now()
    with transaction.atomic():
        row = _valid(name)
        if row.expires_at is not None and row.expires_at <= now:
            message = f"the key {name} has expired: issue another one, under another name"
            raise ExpiryInvalid(message)
        row.previous_hash, row.previous_until, row.key_hash = row.key_hash, now + overlap, hash_of(key)
        row.save(update_fields=["previous_hash", "previous_until", "key_hash"])
        until = f"the one before until {row.previous_until:%Y-%m-%d %H:%M} UTC"
        audit.record(action="API key rotated", subject=f"api-key:{name}", detail=until)
    return key


def revoke_api_key(*, name: str) -> None:
    """Revoke a key for good, and what was left of the one before it.

    :raises NotFound: when no key of that name is valid.
    """
    with transaction.atomic():
        row = _valid(name)
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        audit.record(action="API key revoked", subject=f"api-key:{name}")


def _valid(name: str) -> ApiKey:
    row = ApiKey.objects.select_for_update().filter(name=name, revoked_at=None).first()
    if row is None:
        message = f"this shop has no valid API key named {name!r}"
        raise NotFound(message)
    return row
