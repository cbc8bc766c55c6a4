"""The platform's own log: services that start, caches that are out of date."""

from config.presence import announce_service, prepare_worker
from events.models import Event
from kernel.tenancy import in_public_schema
from tenants import hosts
from tenants.hosts import HostCache
from tenants.models import Tenant
from tests.work import settle


def test_a_service_that_starts_is_in_the_platforms_log(committed: Tenant) -> None:
    with in_public_schema():
        prepare_worker()
        announce_service("web")
        settle()

        started = Event.objects.filter(type="events.service_started").order_by("position")
        assert [event.data["service"] for event in started] == ["worker", "web"]


def test_every_process_forgets_its_hosts_when_one_says_so(committed: Tenant) -> None:
    here, there = HostCache(), HostCache()
    for cache in (here, there):
        assert cache.tenant_at("north.localhost") == committed

    hosts.start_new_generation("2")
    for cache in (here, there):
        cache._look_at_generation = 0
        cache._entries["north.localhost"] = (float("inf"), None)
        assert cache.tenant_at("north.localhost") == committed
