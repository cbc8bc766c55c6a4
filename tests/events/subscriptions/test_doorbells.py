"""Doorbells: hints, coalesced and bounded; the sweeper repairs whatever is lost."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connection
from prometheus_client import REGISTRY

from config.queues import QUEUES
from events.delivery.drain import Drain
from events.maintenance import sweeper
from events.models import Subscription
from events.operations.gauges import scraped
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Delivery
from events.subscriptions.doorbells import THIS_INSTANT_MS, Doorbells, doorbells
from events.subscriptions.notes import Note
from events.subscriptions.registry import find_subscriber
from events.tasks import drain_tenant, look_after_tables
from events.testing.work import drain, published
from kernel.breaker import CircuitBreaker
from kernel.ids import new_id
from kernel.tenancy import TenantRefused, in_public_schema
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.support import make
from tests.support.isolation import flush_broker
from tests.support.outages import outage
from tests.support.unchanged import nothing_happened

SUBSCRIBER = "inventory.know_variants"


@pytest.fixture
def broker() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


@pytest.fixture
def broken_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The broker refuses every connection, for doorbells and for Celery alike."""
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    doorbells.forget_connection()
    doorbells.breaker.worked()
    yield
    monkeypatch.undo()
    doorbells.forget_connection()
    doorbells.breaker.worked()


def test_a_commit_rings_for_those_who_listen(committed: Tenant, broker: redis.Redis) -> None:
    make.variant()

    assert broker.llen("events") == 1
    assert broker.exists("round:north:events") == 1


def test_what_waits_in_every_queue_is_counted(committed: Tenant, broker: redis.Redis) -> None:
    make.variant()
    broker.lpush("backlog", "{}", "{}")

    waiting = doorbells.waiting()

    assert set(waiting) == set(QUEUES)
    assert {queue: length for queue, length in waiting.items() if length} == {"events": 1, "backlog": 2}
    assert 'tillflow_queue_length{queue="backlog"} 2.0' in scraped().decode()


def test_with_the_broker_down_a_scrape_counts_no_queues(committed: Tenant, broken_broker: None) -> None:
    assert doorbells.waiting() == {}
    assert "tillflow_events_unaccounted 0.0" in scraped().decode()


def test_a_rollback_rings_for_nobody(committed: Tenant, broker: redis.Redis) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work():
        make.variant()
        _ = 1 / 0

    assert broker.llen("events") == 0


def test_a_doorbell_that_rings_already_is_not_rung_again(committed: Tenant, broker: redis.Redis) -> None:
    for number in range(5):
        make.variant(f"SKU{number}")

    assert broker.llen("events") == 1

    doorbells.silence_round("north", "events", {})
    make.variant("SKU9")
    assert broker.llen("events") == 2


def test_with_the_broker_down_the_business_goes_on_and_waits_once(committed: Tenant, broken_broker: None) -> None:
    began = time.monotonic()
    make.variant("FIRST")
    first = time.monotonic() - began
    make.variant("SECOND")

    assert [event.data["sku"] for event in published("pos.variant_changed")] == ["FIRST", "SECOND"]
    assert not doorbells.breaker.allows()
    assert first < 5
    assert drain(SUBSCRIBER) == 2


def test_the_sweeper_rings_for_what_was_dropped(committed: Tenant, broker: redis.Redis) -> None:
    make.variant()
    flush_broker()
    assert sweeper.sweep() == 0

    _age_events(seconds=5)

    assert sweeper.sweep() == 1
    assert broker.llen("events") == 1
    assert drain(SUBSCRIBER) == 1
    assert sweeper.sweep() == 0


def test_the_sweeper_does_not_ring_again_for_what_may_still_wait_in_line(
    committed: Tenant, broker: redis.Redis
) -> None:
    make.variant()
    flush_broker()
    _age_events(seconds=2)

    assert [sweeper.sweep() for _ in range(3)] == [1, 0, 0]
    assert sweeper.sweep(insist=True) == 1
    assert broker.llen("events") == 2
    (note,) = broker.keys("reminded:*")
    assert 9_000 < broker.pttl(note) <= 10_000

    broker.delete(note)
    broker.rpush("events", *("a message",) * 998)
    assert sweeper.sweep() == 1
    assert 29_000 < broker.pttl(note) <= 30_000

    broker.delete(note)
    broker.rpush("events", *("a message",) * 20_000)
    assert sweeper.sweep() == 1
    assert 299_000 < broker.pttl(note) <= 300_000


def test_the_sweeper_rings_as_soon_as_the_broker_is_back(committed: Tenant, broker: redis.Redis) -> None:
    make.variant()
    flush_broker()
    _age_events(seconds=2)
    doorbells.breaker.failed()
    assert sweeper.sweep() == 0

    doorbells.breaker._open_until = time.monotonic() - 1

    assert sweeper.sweep() == 1


def test_with_the_broker_down_nobody_is_reminded(committed: Tenant, broken_broker: None) -> None:
    assert doorbells.remind({"a": 1.0}) == set()


def test_the_sweeper_leaves_a_suspended_tenant_alone_until_it_is_back(committed: Tenant) -> None:
    make.variant()
    with in_public_schema():
        suspend_tenant(tenant=committed)
    _age_events(seconds=2)

    assert sweeper.sweep() == 0
    with in_public_schema():
        reactivate_tenant(tenant=committed)

    assert sweeper.sweep() == 1


def _age_events(seconds: int) -> None:
    """Let time pass for the sweeper: it asks for what is older than a moment."""
    time.sleep(sweeper.MOMENT_SECONDS + 0.1)


def test_a_doorbell_for_a_suspended_or_unknown_tenant_is_refused(committed: Tenant, south: Tenant) -> None:
    subscriber = find_subscriber(SUBSCRIBER)
    with in_public_schema():
        suspend_tenant(tenant=south)

    for name in ("south", "nobody", "public", ""):
        with nothing_happened(), pytest.raises(TenantRefused):
            drain_tenant(subscriber, name)


def test_a_platform_subscriber_listens_to_the_platforms_log_only(
    committed: Tenant, subscribe: Callable[..., str]
) -> None:
    heard: list[str] = []

    def listen(event: TenantSuspended, _delivery: Delivery[TenantSuspended]) -> None:
        heard.append(event.tenant_name)

    with in_public_schema():
        name = subscribe(listen, TenantSuspended, platform=True)
        with unit_of_work():
            publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="x"))

    assert drain_tenant(find_subscriber(name), "public") == {"tenant": "public", "handled": 1}
    assert heard == ["x"]
    with nothing_happened(), pytest.raises(TenantRefused):
        drain_tenant(find_subscriber(name), "north")
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_subscription WHERE subscriber = %s", [name])


def test_a_drain_leaves_the_connection_in_the_schema_it_came_from(committed: Tenant) -> None:
    with in_public_schema():
        drain_tenant(find_subscriber(SUBSCRIBER), "north")

        assert connection.schema_name == "public"


def test_the_breaker_opens_for_a_while_and_lets_one_through() -> None:
    now = [0.0]
    breaker = CircuitBreaker(open_seconds=5, clock=lambda: now[0])

    breaker.failed()
    assert not breaker.allows()
    now[0] = 5.1
    assert breaker.allows()
    assert not breaker.allows()
    breaker.worked()
    assert breaker.allows()


def test_a_drain_that_never_ended_is_noticed_by_the_next(committed: Tenant) -> None:
    subscriber = find_subscriber(SUBSCRIBER)

    first, again, second = (Note(run=run, cursor=at) for run, at in (("a", 7), ("a", 8), ("b", 8)))
    assert doorbells.begin("north", subscriber, first) is None
    assert doorbells.begin("north", subscriber, again) is None
    assert doorbells.begin("north", subscriber, second) == again
    doorbells.end("north", subscriber, "b")
    assert doorbells.begin("north", subscriber, first) is None


def test_a_drain_that_ends_leaves_the_note_of_the_one_that_came_after_it(committed: Tenant) -> None:
    subscriber = find_subscriber(SUBSCRIBER)
    living, dying = Note(run="a", cursor=7), Note(run="b", cursor=8)
    doorbells.begin("north", subscriber, living)
    doorbells.begin("north", subscriber, dying)

    doorbells.end("north", subscriber, "a")

    assert doorbells.begin("north", subscriber, living) == dying


def test_one_that_is_far_behind_rings_in_the_backlog_until_it_has_caught_up(
    committed: Tenant, broker: redis.Redis
) -> None:
    subscriber = replace(find_subscriber(SUBSCRIBER), batch_size=1)
    make.variant("FIRST")
    make.variant("SECOND")
    broker.delete("events")

    def waiting() -> tuple[int, int]:
        return broker.llen("events"), broker.llen("backlog")

    assert Drain(subscriber, "north", doorbells, budget=0.0).run() == 1
    assert waiting() == (0, 1)
    assert 50 < broker.ttl(f"behind:north:{SUBSCRIBER}") <= 60
    doorbells.ring_alone("north", [subscriber])
    assert waiting() == (0, 2)

    assert Drain(subscriber, "north", doorbells).run() == 1
    doorbells.ring_alone("north", [subscriber])
    assert waiting() == (1, 2)


def test_a_drain_that_fails_does_not_count_as_far_behind(
    committed: Tenant, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber = find_subscriber(SUBSCRIBER)
    make.variant()
    broker.set(f"behind:north:{SUBSCRIBER}", "1", px=60_000)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise outage()

    monkeypatch.setattr("events.log.log.read", refuse)
    with pytest.raises(OperationalError):
        Drain(subscriber, "north", doorbells).run()

    assert broker.exists(f"behind:north:{SUBSCRIBER}") == 0


def test_h02_two_delayed_doorbells_that_would_ring_at_once_are_one_and_an_earlier_one_rings_too(
    committed: Tenant, broker: redis.Redis
) -> None:
    subscriber, before = find_subscriber(SUBSCRIBER), counted("rung")

    rung = []
    for countdown in (10.0, 9.9, 12.0, 5.0, 9.9):
        doorbells.ring_later("north", subscriber, countdown=countdown)
        rung.append(counted("rung") - before)

    assert rung == [1, 1, 1, 2, 2]


def test_issue10_a_delayed_doorbell_that_is_just_ringing_does_not_stand_for_a_later_one(
    committed: Tenant, broker: redis.Redis
) -> None:
    subscriber, before = find_subscriber(SUBSCRIBER), counted("rung")
    doorbells.ring_later("north", subscriber, countdown=1.0)
    broker.pexpire(f"later:north:{SUBSCRIBER}", THIS_INSTANT_MS)

    doorbells.ring_later("north", subscriber, countdown=1.0)

    assert counted("rung") - before == 2


def test_ringing_never_raises_for_the_broker(broken_broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    bells = Doorbells()
    before = counted("failed"), counted("rung")

    bells.ring_for("north", [find_subscriber(SUBSCRIBER)])
    bells.ring_again("north", find_subscriber(SUBSCRIBER))
    bells.answer("north", find_subscriber(SUBSCRIBER))

    assert (counted("failed"), counted("rung")) == (before[0] + 1, before[1])


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("tillflow_doorbells_total", {"outcome": outcome}) or 0.0


def test_a_worker_reports_what_is_unbound_and_subscribes_nobody(
    committed: Tenant, subscribe: Callable[..., Any]
) -> None:
    name = subscribe(lambda _event, _delivery: None, TenantSuspended)
    with in_public_schema():
        Subscription.objects.filter(subscriber=name).delete()

    result = look_after_tables()

    assert result == {"unbound": 2, "partitions": 0, "forgotten": 0}
    assert not Subscription.objects.filter(subscriber=name).exists()
