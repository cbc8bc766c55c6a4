"""People at the tills, their roles and approvals in the admin of a shop."""

from typing import Any

import pytest
from django.test import Client

from events.models import AuditEntry
from staff.duty.models import Approval, Role, StaffMember, StaffSession
from staff.duty.services.members import change_member
from staff.models import User
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import people
from tests.support.crew import StaffedTerminal, person, set_rule
from tests.support.forms import filled_form

MEMBERS, ROLES, APPROVALS = "/admin/staff/staffmember/", "/admin/staff/role/", "/admin/staff/approval/"


@pytest.fixture
def owner(shop: Tenant) -> Client:
    return people.owner()


def role(name: str) -> Role:
    return Role.objects.get(name=name)


def take_on(client: Client, code: str, role_name: str = "cashier") -> Any:
    body = {"code": code, "name": "Carla", "role": str(role(role_name).pk), "user": "", "digits": "5"}
    return client.post(f"{MEMBERS}add/", body)


def test_a_pin_is_shown_once_and_never_again(owner: Client) -> None:
    shown = take_on(owner, "CARLA")

    (secret,) = shown.context_data["secrets"]
    member = StaffMember.objects.get(code="CARLA")
    assert (shown.status_code, len(secret.value)) == (200, 5)
    assert "no-store" in shown["Cache-Control"]
    assert StaffedTerminal().try_pin("CARLA", secret.value).status_code == 201
    assert "pin_hash" not in fields(owner, f"{MEMBERS}{member.pk}/change/")
    page = owner.get(f"{MEMBERS}{member.pk}/change/").content.decode()
    assert member.pin_hash not in page
    assert not any(secret.value in entry.detail for entry in AuditEntry.objects.all())


def fields(client: Client, page: str) -> dict[str, Any]:
    return filled_form(client.get(page).content, f"{'role' if 'role' in page else 'staffmember'}_form")


def test_a_new_pin_is_drawn_after_a_question(owner: Client) -> None:
    anna = person()
    StaffedTerminal().sign_in(anna)
    act = {"action": "new_pin", "_selected_action": str(anna.id)}

    asked = owner.post(MEMBERS, act)
    assert "secrets" not in asked.context_data
    shown = owner.post(MEMBERS, {**act, "confirmed": "yes"})

    (secret,) = shown.context_data["secrets"]
    assert StaffedTerminal().try_pin("ANNA", secret.value).status_code == 201
    assert StaffSession.objects.order_by("id")[0].ended_by == "PIN_CHANGED"


def test_a_code_that_is_taken_or_odd_is_an_error_of_the_form(owner: Client) -> None:
    person("ANNA")

    assert "already" in take_on(owner, "ANNA").content.decode()
    assert "capital letters" in take_on(owner, "anna!").content.decode()
    assert StaffMember.objects.count() == 1


def test_somebody_is_deactivated_and_not_deleted(owner: Client) -> None:
    anna = person()
    page = f"{MEMBERS}{anna.id}/change/"
    typed = fields(owner, page)
    typed.pop("is_active")

    owner.post(page, typed)

    assert StaffMember.objects.get().is_active is False
    assert owner.get(f"{MEMBERS}{anna.id}/delete/").status_code == 403


def test_a_role_is_changed_permission_by_permission(owner: Client) -> None:
    page = f"{ROLES}{role('cashier').pk}/change/"
    typed = fields(owner, page)
    assert (typed["discount_mode"], typed["discount_limit"], typed["void_mode"]) == ("allow", "5", "approval")

    answer = owner.post(page, {**typed, "discount_limit": "7.5", "void_mode": "deny", "return_linked_limit": ""})

    assert answer.status_code == 302, answer.context_data["adminform"].form.errors
    rules = role("cashier").rules
    assert rules["discount"] == {"mode": "allow", "percent": "7.5"}
    assert rules["void"] == {"mode": "deny"}
    assert rules["return_linked"] == {"mode": "allow"}
    assert AuditEntry.objects.filter(action="role at the till changed").count() == 1


def test_a_role_that_is_saved_as_it_was_says_what_it_said(owner: Client) -> None:
    before = {each.name: dict(each.read_rules()) for each in Role.objects.all()}

    for each in Role.objects.all():
        page = f"{ROLES}{each.pk}/change/"
        assert owner.post(page, fields(owner, page)).status_code == 302

    after = {each.name: dict(each.read_rules()) for each in Role.objects.all()}
    for name, rules in before.items():
        assert {p: r for p, r in after[name].items() if r.mode != "deny"} == rules


def test_a_role_is_made(owner: Client) -> None:
    typed = fields(owner, f"{ROLES}add/")

    owner.post(f"{ROLES}add/", {**typed, "name": "trainee", "sell_mode": "allow"})

    assert role("trainee").rules["sell"] == {"mode": "allow"}
    assert role("trainee").rules["discount"] == {"mode": "deny"}


def linked(role_name: str) -> tuple[StaffMember, Client]:
    """Let a store manager of the admin have a role at the till."""
    user, client = people.manager()
    mia = person("MIA", role_name)
    change_member(staff_id=mia.id, changed={"user": user})
    return mia.member, client


def test_whoever_has_a_role_gives_nobody_more_than_it_holds(shop: Tenant) -> None:
    _, client = linked("senior cashier")
    ben = person("BEN", "manager")

    take_on(client, "CARLA", "manager")
    assert not StaffMember.objects.filter(code="CARLA").exists()
    assert take_on(client, "CARLA", "cashier").status_code == 200
    assert client.post(f"{ROLES}{role('manager').pk}/change/", {}).status_code == 403
    page = f"{ROLES}{role('cashier').pk}/change/"
    client.post(page, {**fields(client, page), "resolve_exceptions_mode": "allow"})
    assert role("cashier").rules.get("resolve_exceptions") is None
    client.post(MEMBERS, {"action": "new_pin", "_selected_action": str(ben.id), "confirmed": "yes"})
    assert StaffedTerminal().try_pin("BEN", ben.pin).status_code == 201


def test_w08_nobody_binds_a_user_of_the_admin_who_has_more_to_a_role_at_the_till(shop: Tenant) -> None:
    ada, (_, client) = hire_owner(username="ada", password=people.PASSWORD), people.manager()
    own = person("ADA", "manager")

    choices = client.get(f"{MEMBERS}add/").context["adminform"].form.fields["user"].queryset
    assert [user.username for user in choices] == ["mia"]
    body = {"code": "CARLA", "name": "Carla", "role": str(role("cashier").pk), "user": str(ada.pk), "digits": "4"}
    assert "user" in client.post(f"{MEMBERS}add/", body).context["adminform"].form.errors
    page = f"{MEMBERS}{own.id}/change/"
    client.post(page, {**fields(client, page), "user": str(ada.pk)})
    assert not StaffMember.objects.exclude(user=None).exists()

    change_member(staff_id=own.id, changed={"user": ada})
    assert client.post(page, {"name": "x"}).status_code == 403
    client.post(MEMBERS, {"action": "new_pin", "_selected_action": str(own.id), "confirmed": "yes"})
    assert StaffedTerminal().try_pin("ADA", own.pin).status_code == 201


def test_whoever_has_a_role_sets_no_user_of_the_admin_free_of_theirs(shop: Tenant) -> None:
    """A user without a member may do what the admin lets them; one with a member only what the role says as well."""
    _, client = linked("manager")
    lesser = User.objects.create_user("lea", password=people.PASSWORD, is_staff=True)
    ben, carl = person("BEN", "cashier"), person("CARL", "cashier")
    change_member(staff_id=ben.id, changed={"user": lesser})
    page, free = f"{MEMBERS}{ben.id}/change/", f"{MEMBERS}{carl.id}/change/"

    answer = client.post(page, {**fields(client, page), "name": "Benny", "user": ""})

    ben.member.refresh_from_db()
    assert (answer.status_code, ben.member.name, ben.member.user) == (302, "Benny", lesser)
    assert "user" in client.get(free).context["adminform"].form.fields
    assert "user" in people.owner().get(page).context["adminform"].form.fields


def test_nobody_changes_their_own_role_or_pin(shop: Tenant) -> None:
    mia, client = linked("manager")

    assert client.post(f"{MEMBERS}{mia.pk}/change/", {"name": "x"}).status_code == 403


def test_approvals_are_shown_and_not_changed(owner: Client) -> None:
    anna, ben = person("ANNA"), person("BEN", "manager")
    set_rule("cashier", "void", "approval")
    body = {"id": "019ac8f2-1b30-7f05-8a6c-2f8d0f6b9c02"}
    StaffedTerminal().sign_in(anna).approve(ben, body, "void")
    approval = Approval.objects.get()

    assert "A regular customer" in owner.get(APPROVALS).content.decode()
    page = f"{APPROVALS}{approval.pk}/change/"
    assert owner.get(page).status_code == 200
    assert owner.post(page, {"reason": "x"}).status_code == 403


def test_the_platform_has_no_people_at_tills(shop: Tenant) -> None:
    operator = people.operator()

    assert {operator.get(page).status_code for page in (MEMBERS, ROLES, APPROVALS)} == {403}
