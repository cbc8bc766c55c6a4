"""The platform's own log: services that start, caches that are out of date."""

import pytest
from django.db import DatabaseError

from config.presence import announce_service, prepare_worker
from events.bus.local import Follower
from events.events import CacheInvalidated
from events.models import Event
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import settle
from kernel.tenancy import in_public_schema
from tenants.hosts import host_cache
from tenants.models import Tenant
from tests.support.waiting import wait_for


def test_a_service_that_starts_is_in_the_platforms_log(committed: Tenant) -> None:
    with in_public_schema():
        prepare_worker()
        announce_service("web")
        settle()

        started = Event.objects.filter(type="events.service_started").order_by("position")
        assert [event.data["service"] for event in started] == ["worker", "web"]


def test_every_process_forgets_its_hosts_when_one_says_so(committed: Tenant) -> None:
    here, elsewhere = Follower("events.cache_invalidated"), "another process"
    here.follow()
    assert host_cache.tenant_at("north.localhost") == committed
    host_cache._remember("north.localhost", (float("inf"), None))

    with in_public_schema(), unit_of_work() as unit:
        publish(CacheInvalidated(cache="tenant_hosts", key=elsewhere))
        unit.published[-1].heard = None
    assert host_cache.tenant_at("north.localhost") is None

    assert here.follow() == 1
    wait_for(lambda: host_cache.tenant_at("north.localhost") == committed, seconds=5)
    assert here.follow() == 0


def test_a_process_follows_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    follower, followed = Follower("events.cache_invalidated", seconds=60), []
    monkeypatch.setattr(follower, "follow", lambda: followed.append(follower.stopped.set()))

    follower.run()

    assert len(followed) == 1


def test_a_process_that_cannot_reach_the_database_goes_on_following(
    committed: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = Follower("events.cache_invalidated", seconds=0.01)
    outcomes: list[object] = [DatabaseError("gone"), 0]

    def follow() -> int:
        outcome = outcomes.pop(0)
        if not outcomes:
            follower.stopped.set()
        if isinstance(outcome, Exception):
            raise outcome
        return 0

    monkeypatch.setattr(follower, "follow", follow)

    follower.run()

    assert outcomes == []
