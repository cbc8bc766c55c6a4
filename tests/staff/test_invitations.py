"""Owners of shops are invited on the platform's host, and choose their password on the shop's."""

from typing import Any

import pytest
from django.test import Client

from events.models import AuditEntry
from kernel.tenancy import in_public_schema, in_tenant
from staff.models import User
from tenants.models import Tenant
from tests.support.people import SHOP, operator, sign_in, signed_in
from tests.support.unchanged import nothing_happened

CHOSEN = "three unusual words"
ADDRESS = "ada@example.com"


@pytest.fixture
def north(shop: Tenant) -> Tenant:
    with in_public_schema():
        Tenant.objects.filter(pk=shop.pk).update(owner_email=ADDRESS)
    shop.refresh_from_db()
    return shop


def invite(client: Client, tenant: Tenant) -> Any:
    with in_public_schema():
        return client.post("/admin/tenants/tenant/", {"action": "invite", "_selected_action": [tenant.pk]}, follow=True)


def link(answer: Any) -> str:
    (secret,) = answer.context["secrets"]
    return str(secret.value)


def path_of(address: str) -> str:
    assert address.startswith(f"http://{SHOP}/admin/invitations/")
    return address.removeprefix(f"http://{SHOP}")


def choose(path: str, password: str = CHOSEN) -> Any:
    """Open the link in a browser that nobody is signed in to, and type a password."""
    client = Client(headers={"Host": SHOP})
    page = client.get(path, follow=True)
    if not page.context["validlink"]:
        return page
    return client.post(page.redirect_chain[-1][0], {"new_password1": password, "new_password2": password})


def test_an_owner_is_invited_chooses_a_password_and_signs_in(north: Tenant) -> None:
    answer = invite(operator(), north)
    assert ("no-store" in answer["Cache-Control"], ADDRESS in answer.content.decode()) == (True, True)

    assert choose(path_of(link(answer))).url == "/admin/"

    assert sign_in(ADDRESS, CHOSEN).answer.status_code == 302
    with in_tenant(north):
        owner = User.objects.get(username=ADDRESS)
        assert (owner.is_superuser, owner.is_staff, owner.email) == (True, True, ADDRESS)
        acts = AuditEntry.objects.filter(action__in=["owner invited", "password chosen"]).order_by("id")
        assert [(each.actor, each.action) for each in acts] == [
            ("platform:ops", "owner invited"),
            (f"user:{ADDRESS}", "password chosen"),
        ]


def test_an_invitation_works_once(north: Tenant) -> None:
    path = path_of(link(invite(operator(), north)))
    choose(path)

    with nothing_happened():
        page = choose(path, "other unusual words")
    assert "used already, or is too old" in page.content.decode()
    assert sign_in(ADDRESS, CHOSEN).answer.status_code == 302


def test_an_invitation_of_another_shop_opens_nothing(north: Tenant, south: Tenant) -> None:
    with in_public_schema():
        Tenant.objects.filter(pk=south.pk).update(owner_email=ADDRESS)
    south.refresh_from_db()
    client = operator()
    path_of(link(invite(client, north)))
    _, _, path = link(invite(client, south)).partition("/admin/")

    assert choose(f"/admin/{path}").context["validlink"] is False


def test_an_invitation_grows_old(north: Tenant, settings: Any) -> None:
    path = path_of(link(invite(operator(), north)))
    settings.PASSWORD_RESET_TIMEOUT = -1

    assert choose(path).context["validlink"] is False


def test_a_weak_password_is_refused_with_the_reason(north: Tenant) -> None:
    path = path_of(link(invite(operator(), north)))

    page = choose(path, "weak")

    assert (page.status_code, "too short" in page.content.decode()) == (200, True)
    assert choose(path).status_code == 302


def test_an_owner_who_has_a_password_keeps_it_until_they_choose_another(north: Tenant) -> None:
    client = operator()
    choose(path_of(link(invite(client, north))))
    path = path_of(link(invite(client, north)))

    assert sign_in(ADDRESS, CHOSEN).answer.status_code == 302
    assert choose(path, "other unusual words").context["validlink"] is False
    assert choose(path_of(link(invite(client, north))), "other unusual words").status_code == 302
    assert sign_in(ADDRESS, "other unusual words").answer.status_code == 302


def test_a_shop_without_an_owner_email_says_what_to_do(shop: Tenant) -> None:
    with in_public_schema():
        Tenant.objects.filter(pk=shop.pk).update(owner_email="")
    shop.refresh_from_db()

    assert "type it on the shop" in invite(operator(), shop).content.decode()


def test_who_may_not_do_everything_invites_nobody(north: Tenant) -> None:
    from django.contrib.auth.models import Permission

    with in_public_schema():
        person = User.objects.create_user("sue", password="a long secret", is_staff=True)
        person.user_permissions.set(Permission.objects.filter(content_type__app_label="tenants"))
        client = signed_in(person, "localhost")

    answer = invite(client, north)
    assert "secrets" not in (answer.context or {})
    with in_tenant(north):
        assert not User.objects.filter(username=ADDRESS).exists()
