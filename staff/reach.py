"""How far a person's powers reach: nobody hands on, or touches, what they do not have themselves."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet

from staff.models import User


def permissions_of(person: Any) -> QuerySet[Permission]:
    """Return the permissions that a person has, by themselves and by their roles: all, of a superuser."""
    everything = Permission.objects.all()
    if person.is_superuser:
        return everything
    own = Permission.objects.filter(user=person) | Permission.objects.filter(group__user=person)
    return everything.filter(pk__in=own.values("pk"))


def groups_within(person: Any) -> QuerySet[Group]:
    """Return the roles that hold nothing which the person lacks."""
    if person.is_superuser:
        return Group.objects.all()
    beyond = Permission.objects.exclude(pk__in=permissions_of(person).values("pk"))
    return Group.objects.exclude(permissions__in=beyond)


def covers(person: Any, other: User | Group) -> bool:
    """Say whether a person has all that another person, or a role, has: only then may they change or delete it."""
    if person.is_superuser:
        return True
    if isinstance(other, User):
        return not other.is_superuser and not _beyond(person, permissions_of(other))
    return not _beyond(person, other.permissions.all())


def granted_to(other: User | Group) -> set[str]:
    """Name what is granted directly: permissions, and the roles of a person."""
    if isinstance(other, Group):
        return set(other.permissions.values_list("codename", flat=True))
    roles = {f"role:{name}" for name in other.groups.values_list("name", flat=True)}
    return roles | set(other.user_permissions.values_list("codename", flat=True))


def _beyond(person: Any, held: QuerySet[Permission]) -> bool:
    return held.exclude(pk__in=permissions_of(person).values("pk")).exists()
