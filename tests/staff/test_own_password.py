"""W7 and W11: a person's own password is not guessed by whoever has their session, and its change is in the audit."""

from typing import Any

import pytest
from django.test import Client

from events.models import AuditEntry
from kernel.tenancy import in_public_schema
from staff.models import User
from tenants.models import Tenant
from tests.support import people
from tests.support.people import PASSWORD, sign_in

PAGE = "/admin/password_change/"
NEW = "another long secret"


@pytest.fixture
def mia(shop: Tenant) -> tuple[User, Client]:
    return people.manager()


def change(client: Client, old: str, new: str = NEW) -> Any:
    return client.post(PAGE, {"old_password": old, "new_password1": new, "new_password2": new})


def acts(*actions: str) -> list[tuple[str, ...]]:
    rows = AuditEntry.objects.filter(action__in=actions).order_by("id")
    return list(rows.values_list("action", "actor", "subject", "detail"))


def test_w07_an_old_password_is_not_guessed_in_an_open_session(mia: tuple[User, Client]) -> None:
    person, client = mia

    answers = [change(client, f"wrong {number}").status_code for number in range(8)]

    assert answers == [200] * 4 + [429] * 4
    assert (change(client, PASSWORD).status_code, sign_in("mia", PASSWORD).answer.status_code) == (429, 429)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_w07_failures_at_the_door_and_within_count_together(mia: tuple[User, Client]) -> None:
    for _ in range(4):
        sign_in("mia", "wrong")

    assert [change(mia[1], "wrong").status_code, change(mia[1], PASSWORD).status_code] == [429, 429]


def test_w07_an_old_password_counts_for_the_address(mia: tuple[User, Client], settings: Any) -> None:
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 3
    for _ in range(3):
        change(mia[1], "wrong")

    assert sign_in("bob", "wrong").answer.status_code == 429


def test_w11_failures_and_the_change_are_in_the_audit(mia: tuple[User, Client]) -> None:
    _, client = mia
    change(client, "wrong")

    assert change(client, PASSWORD).status_code == 302

    assert acts("password change refused", "password changed", "sign-in failed") == [
        ("password change refused", "user:mia", "user:mia", ""),
        ("password changed", "user:mia", "user:mia", ""),
    ]
    assert client.get("/admin/").status_code == 200
    assert [sign_in("mia", word).answer.status_code for word in (PASSWORD, NEW)] == [200, 302]


def test_w07_a_right_old_password_forgives_what_was_mistyped(mia: tuple[User, Client]) -> None:
    for _ in range(4):
        change(mia[1], "wrong")

    assert change(mia[1], PASSWORD, new="short").status_code == 200
    assert [change(mia[1], "wrong").status_code for _ in range(4)] == [200] * 4


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("superuser", [False, True])
def test_w07_nobody_sets_their_own_password_without_the_one_before(
    mia: tuple[User, Client], method: str, superuser: bool
) -> None:
    person, client = mia
    User.objects.filter(pk=person.pk).update(is_superuser=superuser)
    fields = {"password1": NEW, "password2": NEW, "usable_password": "true"}

    answer = getattr(client, method)(f"/admin/staff/user/{person.pk}/password/", fields)

    assert (answer.status_code, answer.url) == (302, PAGE)
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_a_manager_sets_the_password_of_somebody_else(mia: tuple[User, Client]) -> None:
    other = User.objects.create_user("cas", password=PASSWORD, is_staff=True)
    fields = {"password1": NEW, "password2": NEW, "usable_password": "true"}

    assert mia[1].post(f"/admin/staff/user/{other.pk}/password/", fields).status_code == 302

    assert acts("password set") == [("password set", "user:mia", "user:cas", "")]
    other.refresh_from_db()
    assert other.check_password(NEW)


def test_w07_the_platforms_own_staff_are_limited_too(db: None) -> None:
    client = people.operator()

    answers = [change(client, "wrong").status_code for _ in range(6)]

    assert answers == [200] * 4 + [429] * 2
    with in_public_schema():
        assert acts("password change refused")[-1] == (
            "password change refused", "platform:ops", "user:ops", "locked out",
        )  # fmt: skip
