"""People for tests of the admin: clients that are signed in at a host."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.test import Client

from kernel.tenancy import in_public_schema
from staff.models import User
from staff.services import define_roles, hire_owner

SHOP, PLATFORM = "north.localhost", "localhost"
PASSWORD = "a long secret"


def owner() -> Client:
    """Sign the owner of the current shop in."""
    return signed_in(hire_owner(username="ada", password=PASSWORD))


def operator() -> Client:
    """Sign a superuser of the platform in, at the platform's host."""
    with in_public_schema():
        return signed_in(hire_owner(username="ops", password=PASSWORD), PLATFORM)


def manager() -> tuple[User, Client]:
    """Hire a store manager of the current shop, and sign them in."""
    define_roles()
    person = User.objects.create_user("mia", password=PASSWORD, is_staff=True)
    person.groups.add(Group.objects.get(name="store manager"))
    return person, signed_in(person)


def viewer(*codenames: str, name: str = "vic") -> Client:
    """Sign somebody in who has some permissions only."""
    person = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return signed_in(person)


def signed_in(person: User, host: str = SHOP, **options: Any) -> Client:
    client = Client(headers={"Host": host}, **options)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def sign_in(username: str, password: str, *, host: str = SHOP, address: str = "127.0.0.1") -> Any:
    """Type a name and a password at the admin's door, from an address; return the client with the answer."""
    client = Client(headers={"Host": host}, REMOTE_ADDR=address)
    client.answer = client.post("/admin/login/?next=/admin/", {"username": username, "password": password})  # type: ignore[attr-defined]
    return client
