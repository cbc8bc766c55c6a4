"""What a release adds to the roles of existing shops, and what it leaves as the owner has made it."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from events.models import AuditEntry
from kernel.tenancy import in_tenant
from pos.models import Product
from staff.models import OfferedPermissions
from staff.services import ROLES, complete_roles, define_roles
from tenants.models import Tenant


@pytest.fixture
def roles(shop: Tenant) -> None:  # noqa: ARG001
    define_roles()


def manager() -> Group:
    return Group.objects.get(name="store manager")


def released(codename: str = "count_product") -> Permission:
    """Add a permission as a release does, and what follows a migration."""
    product = ContentType.objects.get_for_model(Product)
    added = Permission.objects.create(content_type=product, codename=codename, name=codename)
    complete_roles()
    return added


@pytest.mark.parametrize("known", [True, False])
def test_in24_roles_get_what_a_release_adds_and_nothing_back(roles: None, known: bool) -> None:  # noqa: FBT001
    taken = Permission.objects.get(codename="delete_product")
    manager().permissions.remove(taken)
    if not known:
        OfferedPermissions.objects.all().delete()

    added = released()
    define_roles()

    held = set(manager().permissions.values_list("codename", flat=True))
    assert added.codename in held
    assert taken.codename not in held
    assert not Group.objects.get(name="cashier").permissions.filter(pk=added.pk).exists()
    entry = AuditEntry.objects.get(action="permissions changed")
    assert (entry.subject, entry.detail, entry.actor) == ("role:store manager", "+count_product", "release")


def test_in24_what_was_taken_after_a_release_is_not_given_by_the_next(roles: None) -> None:
    first = released()
    manager().permissions.remove(first)

    second = released("weigh_product")

    assert set(manager().permissions.filter(pk__in=[first.pk, second.pk])) == {second}


def test_in24_a_role_that_was_deleted_stays_deleted(roles: None) -> None:
    manager().delete()

    released()

    assert not Group.objects.filter(name="store manager").exists()


def test_in24_a_role_with_named_permissions_gets_those_of_its_names(roles: None, monkeypatch: Any) -> None:
    monkeypatch.setitem(ROLES, "cashier", ("view_order", "count_product"))

    released()

    held = Group.objects.get(name="cashier").permissions.values_list("codename", flat=True)
    assert "count_product" in held


def test_in24_a_migration_completes_the_roles(committed: Tenant) -> None:
    define_roles()
    product = ContentType.objects.get_for_model(Product)
    added = Permission.objects.create(content_type=product, codename="count_product", name="Count")
    try:
        call_command("migrate_schemas", schema_name="north", verbosity=0)

        with in_tenant(committed):
            assert manager().permissions.filter(pk=added.pk).exists()
    finally:
        with in_tenant(committed):
            added.delete()
            Group.objects.all().delete()
            OfferedPermissions.objects.all().delete()
