"""API keys: issued once, hashed, scoped, revoked."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import AuditEntry
from staff.models import ApiKey
from tenants.models import Tenant
from tests.support import people
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("apikey", *arguments, stdout=out)
    return out.getvalue().strip()


def test_a_key_is_shown_once_works_and_is_revoked(shop: Tenant) -> None:
    key = run("issue", "till-bot", "--tenant", "north", "--scopes", "events:read")
    bot = Terminal("north.localhost", key)
    before = bot.get("/events").status_code

    said = run("revoke", "till-bot", "--tenant", "north")

    assert key.startswith("tk.north.")
    assert key not in ApiKey.objects.get(name="till-bot").key_hash
    assert (before, bot.get("/events").status_code) == (200, 401)
    assert said == "the key till-bot is revoked"
    assert str(ApiKey.objects.get(name="till-bot")) == "till-bot"


def test_wrong_keys_are_told_why(shop: Tenant) -> None:
    run("issue", "till-bot", "--tenant", "north")

    for arguments, error in (
        (("issue", "till-bot", "--tenant", "north"), "named 'till-bot' already"),
        (("issue", "other", "--tenant", "north", "--scopes", "all"), "not all"),
        (("revoke", "nobody", "--tenant", "north"), "no valid API key"),
        (("issue", "other", "--tenant", "nowhere"), "no tenant"),
    ):
        with nothing_happened(), pytest.raises(CommandError, match=error):
            run(*arguments)


def test_w09_a_revoked_key_stays_revoked(shop: Tenant) -> None:
    key = run("issue", "till-bot", "--tenant", "north", "--scopes", "events:read")
    run("revoke", "till-bot", "--tenant", "north")

    for change in ({"revoked_at": None}, {"key_hash": "0" * 64}):
        with pytest.raises(IntegrityError, match="final"), transaction.atomic():
            ApiKey.objects.filter(name="till-bot").update(**change)
    with nothing_happened(), pytest.raises(CommandError, match="no valid API key"):
        run("rotate", "till-bot", "--tenant", "north")

    assert Terminal("north.localhost", key).get("/events").status_code == 401


def test_w09_a_rotated_key_works_beside_the_one_before(shop: Tenant) -> None:
    before = Terminal("north.localhost", run("issue", "bot", "--tenant", "north", "--scopes", "events:read"))

    after = Terminal("north.localhost", run("rotate", "bot", "--tenant", "north", "--overlap-hours", "1"))
    both = [bot.get("/events").status_code for bot in (before, after)]
    ApiKey.objects.filter(name="bot").update(previous_until=timezone.now())

    assert both == [200, 200]
    assert [bot.get("/events").status_code for bot in (before, after)] == [401, 200]


def test_w09_a_key_expires_and_knows_its_last_use(shop: Tenant) -> None:
    bot = Terminal("north.localhost", run("issue", "bot", "--tenant", "north", "--days", "1"))
    ApiKey.objects.filter(name="bot").update(last_used_at=timezone.now() - timedelta(hours=1))

    before = bot.get("/events").status_code
    used = _key().last_used_at
    ApiKey.objects.filter(name="bot").update(expires_at=timezone.now())

    assert used is not None
    assert timezone.now() - used < timedelta(minutes=5)
    assert (before, bot.get("/events").status_code) == (200, 401)


def test_w11_keys_are_audited(shop: Tenant) -> None:
    run("issue", "bot", "--tenant", "north", "--scopes", "events:read")
    run("rotate", "bot", "--tenant", "north")
    run("revoke", "bot", "--tenant", "north")

    found = AuditEntry.objects.order_by("id").values_list("action", "subject", "actor")
    assert list(found) == [
        ("API key issued", "api-key:bot", "command"),
        ("API key rotated", "api-key:bot", "command"),
        ("API key revoked", "api-key:bot", "command"),
    ]


def test_w15_a_key_made_in_the_admin_is_in_the_answer_and_in_no_cookie(shop: Tenant) -> None:
    client = people.owner()

    made = client.post("/admin/staff/apikey/add/", {"name": "bot", "scopes": ["events:read"], "days": "30"})
    taken = client.post("/admin/staff/apikey/add/", {"name": "bot", "scopes": ["events:read"]})
    rotated = client.post("/admin/staff/apikey/", {"action": "rotate", "_selected_action": [str(_key().pk)]})
    asked = client.post("/admin/staff/apikey/", {"action": "revoke", "_selected_action": [str(_key().pk)]})
    before = _key().revoked_at
    form = {"action": "revoke", "_selected_action": [str(_key().pk)], "confirmed": "yes"}
    client.post("/admin/staff/apikey/", form)

    for answer in (made, rotated):
        assert b"tk.north." in answer.content
        assert "no-store" in answer["Cache-Control"]
    assert "tk.north." not in str(client.cookies) + str(dict(client.session))
    assert b"named &#x27;bot&#x27; already" in taken.content or b"already" in taken.content
    assert b"cannot be taken back" in asked.content
    assert before is None
    assert _key().revoked_at is not None
    assert _key().expires_at is not None


def _key() -> ApiKey:
    return ApiKey.objects.get(name="bot")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (["issue", "x" * 101], "not a printable text"),
        (["issue", "bot", "--days", "soon"], "not a number of days"),
        (["rotate", "bot", "--overlap-hours", "-1"], "not a number of hours|expected one argument"),
    ],
)
def test_the_command_says_what_was_wrong(shop: Tenant, typed: list[str], reason: str) -> None:
    with nothing_happened(), pytest.raises(CommandError, match=reason):
        run(*typed, "--tenant", "north")
