"""API keys: issued once, hashed, scoped, revoked."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from staff.models import ApiKey
from tenants.models import Tenant
from tests.conftest import Terminal


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
    assert key not in ApiKey.objects.get().key_hash
    assert (before, bot.get("/events").status_code) == (200, 401)
    assert said == "the key till-bot is revoked"
    assert str(ApiKey.objects.get()) == "till-bot"


def test_wrong_keys_are_told_why(shop: Tenant) -> None:
    run("issue", "till-bot", "--tenant", "north")

    for arguments, error in (
        (("issue", "till-bot", "--tenant", "north"), "named 'till-bot' already"),
        (("issue", "other", "--tenant", "north", "--scopes", "all"), "not all"),
        (("revoke", "nobody", "--tenant", "north"), "no valid API key"),
        (("issue", "other", "--tenant", "nowhere"), "no tenant"),
    ):
        with pytest.raises(CommandError, match=error):
            run(*arguments)

    assert ApiKey.objects.count() == 1
