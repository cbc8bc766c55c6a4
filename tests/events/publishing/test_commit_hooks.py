"""Hooks that run after a unit's COMMIT: whatever they raise, the work is done, and its caller must know that."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from structlog.testing import capture_logs

from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.doorbells import doorbells
from events.testing.work import published
from tenants.models import Tenant
from tests.support.recording import say
from tests.support.releases import suspended


def fail(*_arguments: object) -> None:
    raise ValueError("no hook today")


@pytest.mark.parametrize("robust", [True, False])
@pytest.mark.parametrize("hook", [fail, partial(fail, 1)])
def test_a_hook_that_raises_neither_refuses_what_is_committed_nor_keeps_the_others_from_running(
    committed: Tenant, monkeypatch: pytest.MonkeyPatch, hook: Callable[[], Any], robust: bool
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(doorbells, "ring", lambda *_: ran.append("rang"))

    with capture_logs() as logs, unit_of_work():
        transaction.on_commit(hook, robust=robust)
        transaction.on_commit(lambda: ran.append("later"))
        suspended("a")

    assert sorted(ran) == ["later", "rang"]
    assert [event.data["tenant_name"] for event in published()] == ["a"]
    assert [line["event"] for line in logs] == ["commit_hook_failed"]


def test_a_hook_of_a_transaction_that_is_no_unit_raises_as_django_lets_it(committed: Tenant) -> None:
    with pytest.raises(ValueError, match="no hook today"), transaction.atomic():
        transaction.on_commit(fail)


def test_hooks_of_a_test_around_the_unit_stay_as_they_are(shop: Tenant) -> None:
    transaction.on_commit(fail)

    say("a")

    assert connection.run_on_commit[0][1:] == (fail, False)
