"""What people type into commands follows the rules of the admin and the API (IN6, IN16)."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events.operations.pausing import pause_subscription, resume_subscription
from events.operations.undelivered import send_again
from kernel.tenancy import in_public_schema
from kernel.text import TextRefused
from staff.models import User
from staff.services import PersonInvalid, hire_owner
from tenants.models import Tenant
from tenants.registering import TenantInvalid, register_tenant
from tests.support.people import PASSWORD, sign_in
from tests.support.unchanged import nothing_happened

SUBSCRIBER = "inventory.know_variants"


@pytest.mark.parametrize(
    ("username", "email", "reason"),
    [
        ("ada lovelace", "", "user name"),
        ("ada\x1b", "", "user name"),
        ("a" * 151, "", "user name"),
        ("", "", "user name"),
        ("ada", "not an email", "mail address"),
        ("ada", "a" * 250 + "@b.example", "mail address"),
    ],
)
def test_in06_the_command_takes_no_person_that_the_admin_refuses(
    shop: Tenant, username: str, email: str, reason: str
) -> None:
    with nothing_happened(), pytest.raises(PersonInvalid, match=reason):
        hire_owner(username=username, password=PASSWORD, email=email)


def test_in06_a_name_is_normalised_as_at_the_door(shop: Tenant) -> None:
    hire_owner(username="ﬁona", password=PASSWORD)

    assert sign_in("ﬁona", PASSWORD).answer.status_code == 302
    assert sign_in("fiona", PASSWORD).answer.status_code == 302
    assert hire_owner(username="ﬁona", password=PASSWORD + "!") == User.objects.get(username="fiona")


def test_in06_somebody_whose_name_is_from_before_gets_a_new_password(shop: Tenant) -> None:
    User.objects.create_user("ada lovelace", password=PASSWORD)

    hire_owner(username="ada lovelace", password="another long secret")

    assert User.objects.get().check_password("another long secret")


@pytest.mark.parametrize("title", ["A\x1b[2J", "two\nlines", " ", "\u202eevil", "x" * 201])
def test_in06_a_title_is_a_line(db: None, title: str) -> None:
    with nothing_happened(), pytest.raises(TenantInvalid, match="title"):
        register_tenant(name="esc", title=title)


@pytest.mark.parametrize("label", ["flower", "www", "api", "admin", "mail"])
def test_in06_a_host_of_a_service_is_no_shops(db: None, label: str) -> None:
    with nothing_happened(), pytest.raises(TenantInvalid, match="kept for one of its services"):
        register_tenant(name=label)
    with nothing_happened(), pytest.raises(TenantInvalid, match="kept for one of its services"):
        register_tenant(name="esc", host=f"{label}.localhost")
    assert register_tenant(name=label, host=f"shop-{label}.localhost").schema_name == label


@pytest.mark.parametrize("reason", ["because\x1b[2J", "x" * 501, "two\nlines"])
def test_in16_a_reason_is_a_line_everywhere(shop: Tenant, reason: str) -> None:
    acts: list[Any] = [
        lambda: pause_subscription(subscriber=SUBSCRIBER, operator="ops", reason=reason),
        lambda: resume_subscription(subscriber=SUBSCRIBER, operator="ops", reason=reason),
        lambda: send_again(operator="ops", reason=reason),
        lambda: call_command("unsubscribe", "gone", "--reason", reason),
    ]

    for act in acts:
        with nothing_happened(), pytest.raises((TextRefused, CommandError), match="a reason"):
            act()


def test_in16_a_reason_of_five_hundred_characters_is_taken(shop: Tenant) -> None:
    pause_subscription(subscriber=SUBSCRIBER, operator="ops", reason="x" * 500)


@pytest.mark.parametrize("status", ["CLOSED", "PROVISIONING"])
def test_in16_the_lag_of_a_tenant_that_is_not_furnished_is_refused(db: None, status: str) -> None:
    with in_public_schema():
        Tenant.objects.create(schema_name="esc", name="Esc", status=status)

    with nothing_happened(), pytest.raises(CommandError, match="is not finished, or is closed"):
        call_command("events", "lag", "--tenant=esc")
