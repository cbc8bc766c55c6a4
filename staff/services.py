"""Roles and the people who hold them."""

from django.contrib.auth.models import Group, Permission

from staff.models import User

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
