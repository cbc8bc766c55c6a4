"""W7: the second factor, which a shop can require of its staff."""

import re
import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from events.models import AuditEntry
from staff.models import SignInRules, User
from staff.services import hire_owner
from tenants.models import Tenant
from tests.support import people
from tests.support.people import PASSWORD, sign_in
from tests.support.unchanged import nothing_happened

ENROL, VERIFY = "/admin/second-factor/", "/admin/second-factor/verify/"


@pytest.fixture
def ada(shop: Tenant) -> User:
    return hire_owner(username="ada", password=PASSWORD)


def code_of(person: User, steps: int = 0) -> str:
    """What the person's app shows: now, or so many half minutes later."""
    device = TOTPDevice.objects.filter(user=person).latest("id")
    app = TOTP(device.bin_key, device.step, device.t0, device.digits)
    app.time = time.time() + steps * device.step
    return f"{app.token():06}"


def enrolled(person: User) -> tuple[Client, list[str]]:
    """Let a person take an app into use; return them signed in, and their recovery codes."""
    client = sign_in(person.username, PASSWORD)
    client.get(ENROL)
    answer = client.post(ENROL, {"code": code_of(person, -1)})
    return client, re.findall(r"<li>(\w{5}-\w{5})</li>", answer.content.decode())


def audited() -> list[str]:
    rows = AuditEntry.objects.order_by("id").exclude(action__in=["owner added"])
    return list(rows.values_list("action", flat=True))


def test_w07_who_must_have_a_second_factor_takes_one_into_use_first(ada: User) -> None:
    SignInRules.objects.create(second_factor_required=True)
    client = sign_in("ada", PASSWORD)

    sent = client.get("/admin/pos/order/")
    page = client.get(sent["Location"])
    wrong = client.post(sent["Location"], {"code": "000000"})
    before = client.get("/admin/").status_code
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    done = client.post(sent["Location"], {"code": code_of(ada)})

    assert client.answer["Location"].startswith(ENROL)
    assert sent["Location"] == "/admin/second-factor/?next=%2Fadmin%2Fpos%2Forder%2F"
    assert b"data:image/svg+xml" in page.content
    assert b"not the app" in wrong.content
    assert before == 302
    assert len(re.findall(rb"<li>\w{5}-\w{5}</li>", done.content)) == 10
    assert b'href="/admin/pos/order/"' in done.content
    assert client.get("/admin/pos/order/").status_code == 200


def test_w07_the_code_is_asked_for_at_every_sign_in(ada: User) -> None:
    enrolled(ada)

    client = sign_in("ada", PASSWORD)
    closed = [client.get(url).status_code for url in ("/admin/", "/admin/staff/user/", "/admin/second-factor/")]
    shown = client.get(ENROL, follow=True).content
    opened = client.post(VERIFY + "?next=/admin/pos/order/", {"code": code_of(ada)})

    assert client.answer["Location"].startswith(VERIFY)
    assert closed == [302, 302, 302]
    assert b"data:image" not in shown
    assert opened["Location"] == "/admin/pos/order/"
    assert client.get("/admin/").status_code == 200
    assert (
        audited()[-3:] == ["signed in", "signed in", "second factor passed"] or audited()[-1] == "second factor passed"
    )


def test_w07_a_code_opens_once(ada: User) -> None:
    enrolled(ada)
    code = code_of(ada)
    sign_in("ada", PASSWORD).post(VERIFY, {"code": code})
    thief = sign_in("ada", PASSWORD)

    thief.post(VERIFY, {"code": code})

    assert thief.get("/admin/").status_code == 302


def test_w07_wrong_codes_make_even_the_right_one_wait(ada: User) -> None:
    enrolled(ada)
    client = sign_in("ada", PASSWORD)
    for _ in range(4):
        client.post(VERIFY, {"code": "000000"})

    answer = client.post(VERIFY, {"code": code_of(ada)})

    assert b"too many wrong codes" in answer.content
    assert client.get("/admin/").status_code == 302
    assert audited().count("second factor failed") == 5


def test_w07_a_recovery_code_opens_once(ada: User) -> None:
    _, codes = enrolled(ada)
    first, second = sign_in("ada", PASSWORD), sign_in("ada", PASSWORD)

    opened = first.post(VERIFY, {"code": codes[0]})
    again = second.post(VERIFY, {"code": codes[0]})

    assert (opened.status_code, again.status_code) == (302, 200)
    assert first.get("/admin/").status_code == 200
    assert StaticToken.objects.count() == 9
    assert AuditEntry.objects.get(action="recovery code used").detail == "9 recovery codes left"


def test_w07_new_recovery_codes_end_the_old_ones(ada: User) -> None:
    client, codes = enrolled(ada)

    page = client.post("/admin/second-factor/recovery-codes/")
    thief = sign_in("ada", PASSWORD)
    thief.post(VERIFY, {"code": codes[0]})

    assert len(re.findall(rb"<li>\w{5}-\w{5}</li>", page.content)) == 10
    assert codes[0].encode() not in page.content
    assert thief.get("/admin/").status_code == 302
    assert client.get("/admin/second-factor/recovery-codes/").status_code == 302


def test_w07_who_only_knows_the_password_renews_no_codes(ada: User) -> None:
    enrolled(ada)
    thief = sign_in("ada", PASSWORD)

    answer = thief.post("/admin/second-factor/recovery-codes/")

    assert answer.status_code == 302
    assert StaticToken.objects.count() == 10


def test_w07_a_lost_phone_is_taken_away_by_who_may_change_the_person(ada: User) -> None:
    enrolled(ada)
    boss = people.signed_in(hire_owner(username="boss", password=PASSWORD))
    form = {"action": "remove_second_factor", "_selected_action": [str(ada.pk)]}

    asked = boss.post("/admin/staff/user/", form)
    has_one = TOTPDevice.objects.filter(user=ada).exists()
    boss.post("/admin/staff/user/", {**form, "confirmed": "yes"})

    assert b"sign in with their password alone" in asked.content
    assert has_one
    assert not TOTPDevice.objects.filter(user=ada).exists()
    assert sign_in("ada", PASSWORD).get("/admin/").status_code == 200
    assert AuditEntry.objects.get(action="second factor removed").actor == "user:boss"


def test_w07_a_command_takes_a_lost_phone_away(ada: User, capsys: Any) -> None:
    enrolled(ada)

    call_command("owner", "ada", "--tenant", "north", "--remove-second-factor")
    with nothing_happened(), pytest.raises(CommandError, match="nobody is named 'eve'"):
        call_command("owner", "eve", "--tenant", "north", "--remove-second-factor")

    assert not TOTPDevice.objects.exists()


def test_w07_nobody_is_sent_elsewhere_after_the_code(ada: User) -> None:
    enrolled(ada)
    client = sign_in("ada", PASSWORD)

    opened = client.post(VERIFY + "?next=https://evil.example/", {"code": code_of(ada)})

    assert opened["Location"] == "/admin/"


def test_w07_strangers_do_not_see_the_pages(shop: Tenant) -> None:
    stranger = Client(headers={"Host": people.SHOP})

    for url in (ENROL, VERIFY, "/admin/second-factor/recovery-codes/"):
        assert stranger.get(url)["Location"].startswith("/admin/login/")
    assert TOTPDevice.objects.count() == 0


def test_w07_a_rule_that_comes_later_reaches_sessions_that_are_open(ada: User) -> None:
    client = sign_in("ada", PASSWORD)
    before = client.get("/admin/").status_code

    SignInRules.objects.create(second_factor_required=True)

    assert (before, client.get("/admin/").status_code) == (200, 302)
