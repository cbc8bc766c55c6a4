"""The message of a round is the one that Celery would send."""

import json
from base64 import b64decode
from datetime import datetime
from typing import Any

import pytest
import redis
from django.conf import settings

from config.celery import app
from events.subscriptions.doorbells import doorbells
from events.subscriptions.messages import ROUND, _template, list_of
from tenants.models import Tenant

DIFFERENT = {
    ("headers", "id"),
    ("headers", "root_id"),
    ("properties", "correlation_id"),
    ("properties", "delivery_tag"),
}
"""What every message has for itself."""


@pytest.fixture(autouse=True)
def _nothing_written_by_another_thread() -> None:
    """The properties of a message name the thread that wrote the first one of its queue."""
    _template.cache_clear()


@pytest.mark.parametrize("countdown", [0.0, 30.0])
def test_the_message_of_a_round_equals_celerys(committed: Tenant, countdown: float) -> None:
    asked = {"tenant": "north", "queue": "stock"}
    app.send_task(
        ROUND, kwargs=asked, queue="stock", countdown=countdown or None, time_limit=None, soft_time_limit=None
    )
    doorbells.put_off_round("north", "stock", {}, began=0.0, countdown=countdown)

    ours, theirs = map(json.loads, redis.Redis.from_url(settings.REDIS_URL).lrange(list_of("stock"), 0, -1))
    moments = [_take_moment(message) for message in (ours, theirs)]
    own = [{path: message[path[0]].pop(path[1]) for path in DIFFERENT} for message in (ours, theirs)]

    assert ours == theirs
    assert json.loads(b64decode(ours["body"]))[1] == asked
    for message in own:
        assert message["headers", "id"] == message["headers", "root_id"] == message["properties", "correlation_id"]
    assert len({value for message in own for value in message.values()}) == 4
    assert [moment is not None for moment in moments] == [countdown > 0] * 2
    if moments[0] and moments[1]:
        assert abs((moments[0] - moments[1]).total_seconds()) < countdown


def _take_moment(message: Any) -> datetime | None:
    eta = message["headers"].pop("eta")
    return datetime.fromisoformat(eta) if eta else None
