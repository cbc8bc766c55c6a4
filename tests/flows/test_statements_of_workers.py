"""How many tasks and statements the workers need for an order, as PostgreSQL's log counts them."""

import json
from base64 import b64decode
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import close_old_connections

from config.queues import QUEUES
from events.delivery.pace import Pace
from events.models import ProcessedEvent
from events.subscriptions.messages import ROUND, list_of
from events.subscriptions.registry import find_subscriber
from events.tasks import drain_round, drain_tenant
from events.testing.work import settle
from kernel.tenancy import in_public_schema
from tenants.models import Tenant
from tests.support import make
from tests.support.isolation import flush_broker
from tests.support.server_log import is_readable, statements_logged
from tests.support.terminal import terminal

SKUS = ("MUG", "TEA", "CUP")
MOST_TASKS = 3
"""A round for the order, one for the stock, and one for what follows from the stock; all else is found by the first."""
MOST_STATEMENTS = 61


def order() -> dict[str, Any]:
    """Return three lines and cash."""
    lines = [{"sku": sku, "quantity": "1"} for sku in SKUS]
    return make.order_body(lines=lines, tenders=[{"type": "cash", "amount": {"amount": 3000}}])


def work() -> int:
    """Do all that waits in the broker's queues, as a worker does; return how many tasks that were."""
    broker, tasks = redis.Redis.from_url(settings.REDIS_URL), 0
    with in_public_schema():
        while found := broker.brpop([list_of(queue) for queue in QUEUES], timeout=0.01):
            message = json.loads(found[1])
            task, (_, keywords, _) = message["headers"]["task"], json.loads(b64decode(message["body"]))
            close_old_connections()
            drain_round(**keywords) if task == ROUND else drain_tenant(find_subscriber(task), **keywords)
            tasks += 1
    return tasks


@pytest.mark.skipif(not is_readable(), reason="the log of a server that was given cannot be read here")
def test_all_effects_of_an_order_take_three_tasks_and_few_statements(
    committed: Tenant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.delivery.round.pace_of", lambda _name: Pace())
    for sku in SKUS:
        make.variant(sku, 1000)
    make.shift()
    settle()
    flush_broker()
    till = terminal("north")

    with statements_logged() as logged:
        till.post("/orders", order())
        work()
        till.post("/orders", order())
        applied, before = ProcessedEvent.objects.count(), len(logged())
        tasks = work()
        statements = logged()[before:]

    with capsys.disabled():
        print(f"\n{tasks} tasks, {len(statements)} statements:")
        for number, statement in enumerate(statements, 1):
            print(f"{number:>3} {statement[:150]}")
    assert ProcessedEvent.objects.count() > applied
    assert settle() == 0
    assert tasks <= MOST_TASKS
    assert len(statements) <= MOST_STATEMENTS
