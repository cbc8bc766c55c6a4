"""The bells of rounds in the broker: one for each shop and queue, and what is noted of those that it is for."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.conf import settings

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Delivery
from events.subscriptions.doorbells import doorbells
from events.subscriptions.messages import ROUND
from events.subscriptions.notes import Note, Watched
from events.subscriptions.registry import Subscriber, find_subscriber
from events.subscriptions.rounds import KEY_LIFETIME_MS, PUT_OFF_LIFETIME_MS, ROUND_LIFETIME_MS
from events.tasks import drain_round
from kernel.ids import new_id
from kernel.tenancy import TenantRefused, in_public_schema
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tenants.services import suspend_tenant
from tests.support import make

BELL = "round:north:events"


@pytest.fixture
def broker(committed: Tenant) -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


@pytest.fixture
def known() -> Iterator[Subscriber]:
    return find_subscriber("inventory.know_variants")


def test_a_commit_sends_one_message_for_each_queue_whoever_listens_there(
    broker: redis.Redis, subscribe: Callable[..., str]
) -> None:
    for queue in ("events", "events", "stock", "platform"):
        subscribe(nothing, TenantSuspended, queue=queue)

    say("a")
    say("b")

    assert [broker.llen(queue) for queue in ("events", "stock", "platform", "cards")] == [1, 1, 1, 0]
    assert sorted(broker.keys("round:*")) == [b"round:north:events", b"round:north:platform", b"round:north:stock"]
    assert 0 < broker.pttl(BELL) <= KEY_LIFETIME_MS
    assert ROUND.encode() in broker.lindex("events", 0)


def test_who_forwards_elsewhere_is_rung_for_alone(broker: redis.Redis, known: Subscriber) -> None:
    forwarding = replace(known, forward=lambda *_of: None, queue="bridges")  # type: ignore[arg-type,return-value]

    for _ in range(2):
        doorbells.ring_for("north", [known, forwarding])

    assert (broker.llen("events"), broker.llen("bridges")) == (1, 1)
    assert known.name.encode() in broker.lindex("bridges", 0)


def test_the_bell_of_a_round_rings_while_it_works_but_not_for_long(broker: redis.Redis) -> None:
    make.variant("A")

    assert doorbells.begin_round("north", "events") is None
    assert 0 < broker.pttl(BELL) <= ROUND_LIFETIME_MS
    make.variant("B")
    assert broker.llen("events") == 1

    doorbells.silence_round("north", "events", {})
    make.variant("C")
    assert broker.llen("events") == 2


def test_the_bell_of_a_round_that_was_put_off_tells_the_next_one_when_it_began(broker: redis.Redis) -> None:
    doorbells.put_off_round("north", "events", {}, began=1234.5, countdown=0.04)

    assert 0 < broker.pttl(BELL) <= 40 + PUT_OFF_LIFETIME_MS
    make.variant()
    assert broker.llen("events") == 1
    assert doorbells.begin_round("north", "events") == 1234.5

    doorbells.put_off_round("north", "events", {}, began=0.0, countdown=0.0)
    assert PUT_OFF_LIFETIME_MS < broker.pttl(BELL) <= KEY_LIFETIME_MS
    assert doorbells.begin_round("north", "events") is None


def test_a_round_sees_whose_drain_has_not_ended_and_who_is_far_behind(broker: redis.Redis, known: Subscriber) -> None:
    note = Note(run="a", cursor=7)
    doorbells.begin("north", known, note)

    assert doorbells.watched("north", [known]) == {known: Watched(note=note, behind=False)}

    doorbells.silence_round("north", "events", {known: "another"})
    assert doorbells.watched("north", [known])[known].note == note
    doorbells.silence_round("north", "events", {known: "a"})
    doorbells.end("north", known, "a", behind=True)
    assert doorbells.watched("north", [known]) == {known: Watched(note=None, behind=True)}
    doorbells.end("north", known, "a")

    doorbells.begin("north", known, note)
    doorbells.put_off_round("north", "events", {known: "a"}, began=0.0, countdown=0.0)
    assert doorbells.watched("north", [known]) == {known: Watched(note=None, behind=False)}


def test_with_the_broker_away_a_round_knows_of_nothing_and_goes_on(known: Subscriber, committed: Tenant) -> None:
    doorbells.breaker.failed()

    assert doorbells.begin_round("north", "events") is None
    assert doorbells.watched("north", [known]) == {known: Watched(note=None, behind=False)}
    doorbells.silence_round("north", "events", {known: "a"})
    doorbells.put_off_round("north", "events", {}, began=0.0, countdown=0.0)


def test_the_task_of_rounds_drains_one_queue_of_one_tenant(broker: redis.Redis) -> None:
    make.variant()

    assert drain_round("north", "stock")["drained"] == []
    done = drain_round("north", "events")

    assert [(name, handled, failed) for name, handled, _seconds, failed in done["drained"]] == [
        ("inventory.know_variants", 1, "")
    ]
    assert (done["tenant"], done["queue"]) == ("north", "events")
    assert broker.keys("round:*") == []
    assert broker.keys("draining:*") == []


def test_the_platforms_log_has_rounds_too(committed: Tenant, subscribe: Callable[..., str]) -> None:
    heard: list[str] = []
    with in_public_schema():
        name = subscribe(lambda event, _delivery: heard.append(event.tenant_name), TenantReactivated, platform=True)
        with unit_of_work():
            publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="south"))

    drained = drain_round("public", "events")["drained"]

    assert (name, 1) in [(each[0], each[1]) for each in drained]
    assert heard == ["south"]


def test_a_round_of_a_tenant_that_may_not_work_is_refused_and_its_bell_silenced(
    broker: redis.Redis, committed: Tenant
) -> None:
    with in_public_schema():
        suspend_tenant(tenant=committed)

    for name in ("north", "nowhere", ""):
        doorbells.begin_round(name, "events")
        with pytest.raises(TenantRefused):
            drain_round(name, "events")
    assert broker.keys("round:*") == []


def nothing(_event: TenantSuspended, _delivery: Delivery[Any]) -> None:
    """Handle an event."""


def say(name: str) -> None:
    with unit_of_work():
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=name))
