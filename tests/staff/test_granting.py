"""W8 and W12: nobody grants what they lack, and every password meets the validators."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.test import Client

from events.models import AuditEntry
from kernel.tenancy import in_public_schema
from staff.models import SignInRules, User
from staff.services import PasswordTooWeak, hire_owner
from tenants.models import Tenant
from tests.support import people
from tests.support.forms import filled_form
from tests.support.unchanged import SESSION, nothing_happened


def form_of(client: Client, url: str, name: str) -> dict[str, Any]:
    page = client.get(url)
    assert page.status_code == 200, (url, page.status_code)
    return filled_form(page.content, f"{name}_form")


def save(client: Client, person: User, **typed: Any) -> Any:
    url = f"/admin/staff/user/{person.pk}/change/"
    return client.post(url, {**form_of(client, url, "user"), **typed})


@pytest.fixture
def manager(shop: Tenant) -> Client:
    return people.manager()[1]


@pytest.fixture
def colleague(shop: Tenant) -> User:
    return User.objects.create_user("cas", password="a long secret", is_staff=True)


def grant(client_person: str, *codenames: str) -> Client:
    return people.viewer(*codenames, "view_user", "change_user", "view_group", "change_group", name=client_person)


def test_w08_a_manager_cannot_become_a_superuser(shop: Tenant) -> None:
    person, client = people.manager()

    save(client, person, is_superuser="on", is_staff="on", is_active="on")

    person.refresh_from_db()
    assert person.is_superuser is False


def test_w08_a_manager_makes_nobody_else_a_superuser(manager: Client, colleague: User) -> None:
    answer = save(manager, colleague, is_superuser="on", first_name="Cas")

    colleague.refresh_from_db()
    assert answer.status_code == 302
    assert (colleague.is_superuser, colleague.first_name) == (False, "Cas")


def test_w08_superusers_are_neither_seen_nor_touched(manager: Client) -> None:
    boss = hire_owner(username="boss", password="a long secret")
    password = boss.password

    listing = manager.get("/admin/staff/user/").content.decode()
    found = manager.get("/admin/search/", {"s": "boss"}).content.decode()
    statuses = [
        manager.get(f"/admin/staff/user/{boss.pk}/change/").status_code,
        manager.get(f"/admin/staff/user/{boss.pk}/history/").status_code,
        manager.post(f"/admin/staff/user/{boss.pk}/delete/", {"post": "yes"}).status_code,
        manager.post(
            f"/admin/staff/user/{boss.pk}/password/",
            {"password1": "another secret", "password2": "another secret", "usable_password": "true"},
        ).status_code,
    ]
    form = {"action": "delete_selected", "_selected_action": [str(boss.pk)], "post": "yes"}
    manager.post("/admin/staff/user/", form)

    assert "boss" not in listing
    assert "boss" not in found
    assert set(statuses) <= {302, 403, 404}
    assert User.objects.get(pk=boss.pk).password == password


def test_w08_a_person_hands_on_only_what_they_have(shop: Tenant, colleague: User) -> None:
    client = grant("tom", "view_order")
    has, lacks = (str(Permission.objects.get(codename=name).pk) for name in ("view_order", "view_payment"))
    role = Group.objects.create(name="powerful")
    role.permissions.set(Permission.objects.all())

    given = save(client, colleague, user_permissions=[has])
    save(client, colleague, user_permissions=[lacks])
    save(client, colleague, groups=[str(role.pk)])

    assert given.status_code == 302
    assert colleague.get_user_permissions() == {"pos.view_order"}
    assert list(colleague.groups.all()) == []
    assert client.get(f"/admin/staff/user/{colleague.pk}/change/").content.count(b"powerful") == 0


def test_w08_whoever_has_more_is_beyond_reach(shop: Tenant, colleague: User) -> None:
    client = grant("tom", "view_order", "delete_user", "delete_group")
    colleague.user_permissions.add(Permission.objects.get(codename="view_payment"))
    role = Group.objects.create(name="accounts")
    role.permissions.add(Permission.objects.get(codename="view_payment"))
    form = {"password1": "another secret", "password2": "another secret", "usable_password": "true"}

    with nothing_happened(but=SESSION | {"events_auditentry"}):
        answers = [
            client.post(f"/admin/staff/user/{colleague.pk}/change/", {"username": "cas", "first_name": "x"}),
            client.post(f"/admin/staff/user/{colleague.pk}/password/", form),
            client.post(f"/admin/staff/user/{colleague.pk}/delete/", {"post": "yes"}),
            client.post(f"/admin/auth/group/{role.pk}/change/", {"name": "mine"}),
            client.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"}),
        ]
        for page, row in (("staff/user", colleague), ("auth/group", role)):
            form = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
            client.post(f"/admin/{page}/", form)

    assert [answer.status_code for answer in answers] == [403] * 5


def test_w08_a_role_does_not_grow_beyond_who_edits_it(shop: Tenant) -> None:
    client = grant("tom", "view_order")
    role, lacks = Group.objects.create(name="small"), Permission.objects.get(codename="view_payment")
    url = f"/admin/auth/group/{role.pk}/change/"

    client.post(url, {**form_of(client, url, "group"), "permissions": [str(lacks.pk)]})

    assert list(role.permissions.all()) == []


def test_w08_a_key_gets_no_scope_that_its_maker_lacks(shop: Tenant) -> None:
    client = people.viewer("view_apikey", "add_apikey", "change_apikey", "view_event")
    from staff.models import ApiKey
    from staff.services import issue_api_key

    issue_api_key(name="powerful", scopes=["events:operate"])
    before = ApiKey.objects.get(name="powerful").key_hash

    refused = client.post("/admin/staff/apikey/add/", {"name": "mine", "scopes": ["events:operate"]})
    made = client.post("/admin/staff/apikey/add/", {"name": "feed", "scopes": ["events:read"]})
    powerful = str(ApiKey.objects.get(name="powerful").pk)
    client.post("/admin/staff/apikey/", {"action": "rotate", "_selected_action": [powerful]})

    assert b"events:operate is not one of the available choices" in refused.content
    assert b"tk.north." in made.content
    assert not ApiKey.objects.filter(name="mine").exists()
    assert ApiKey.objects.get(name="powerful").key_hash == before


def test_w08_a_superuser_still_makes_superusers(shop: Tenant, colleague: User) -> None:
    answer = save(people.owner(), colleague, is_superuser="on")

    colleague.refresh_from_db()
    assert (answer.status_code, colleague.is_superuser) == (302, True)
    entry = AuditEntry.objects.get(action="permissions changed")
    assert (entry.actor, entry.subject, entry.detail) == ("user:ada", "user:cas", "is_superuser=True")


def test_w08_what_was_granted_and_taken_is_in_the_audit(shop: Tenant, colleague: User) -> None:
    client = people.owner()
    order, payment = (Permission.objects.get(codename=name) for name in ("view_order", "view_payment"))
    colleague.user_permissions.add(payment)
    url = f"/admin/staff/user/{colleague.pk}/password/"

    save(client, colleague, user_permissions=[str(order.pk)])
    client.post(url, {"password1": "another secret", "password2": "another secret", "usable_password": "true"})

    found = AuditEntry.objects.order_by("id").filter(subject="user:cas").values_list("action", "detail")
    assert list(found) == [("permissions changed", "+view_order -view_payment"), ("password set", "")]


@pytest.mark.parametrize(
    ("password", "reason"),
    [("a", "too short"), ("password123", "too common"), ("83749283749", "entirely numeric"), ("beatrice1x", "similar")],
)
def test_w12_a_weak_password_is_refused_with_the_reason(
    shop: Tenant, password: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", password)

    with nothing_happened(), pytest.raises(CommandError, match=reason):
        call_command("owner", "beatrice1", "--tenant", "north", stdout=StringIO())
    with nothing_happened(), pytest.raises(PasswordTooWeak):
        hire_owner(username="beatrice1", password=password)


def test_w12_a_strong_one_is_taken_and_an_old_one_stays_when_the_new_is_weak(
    shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", "three unusual words")
    call_command("owner", "bea", "--tenant", "north", stdout=StringIO())
    monkeypatch.setenv("OWNER_PASSWORD", "weak")

    with nothing_happened(), pytest.raises(CommandError, match="too short"):
        call_command("owner", "bea", "--tenant", "north", stdout=StringIO())


@pytest.mark.parametrize("command", ["createsuperuser", "create_tenant_superuser"])
def test_w12_commands_that_ask_no_validator_lead_to_the_one_that_does(
    db: None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a")

    with in_public_schema(), nothing_happened(), pytest.raises(CommandError, match="manage.py owner"):
        call_command(command)


def test_the_rules_for_signing_in_are_changed_in_the_admin(shop: Tenant) -> None:
    client = people.owner()

    client.post("/admin/staff/signinrules/add/", {"second_factor_required": "", "idle_minutes": "10"})
    refused = client.post("/admin/staff/signinrules/1/change/", {"idle_minutes": "1"})

    assert SignInRules.current().idle_minutes == 10
    assert b"greater than or equal to 5" in refused.content
    assert client.get("/admin/staff/signinrules/add/").status_code == 403
    assert AuditEntry.objects.filter(action="rules for signing in changed").count() == 1
