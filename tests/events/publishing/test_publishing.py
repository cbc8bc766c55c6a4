"""Publishing: only inside a unit of work, all or nothing, checked before it enters the log."""

from typing import ClassVar
from uuid import UUID

import pytest

from events.event import EventInvalid, EventUnreadable, decode
from events.log.causes import Cause, caused_by
from events.models import Event
from events.publishing.errors import NotInUnitOfWork, TenantChangedInUnitOfWork
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import names, published
from kernel.ids import new_id
from kernel.tenancy import tenant_connection
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.unchanged import nothing_happened


def suspended(name: str = "north") -> TenantSuspended:
    return TenantSuspended(tenant_uuid=new_id(), tenant_name=name)


def test_publish_outside_a_unit_of_work_is_refused(committed: Tenant) -> None:
    with nothing_happened(), pytest.raises(NotInUnitOfWork):
        publish(suspended())

    assert names() == []


def test_an_event_is_in_the_log_with_its_envelope(shop: Tenant) -> None:
    correlation_id, causation_id = new_id(), new_id()
    cause = Cause(correlation_id=correlation_id, causation_id=causation_id, actor="user:ada", traceparent="00-a")

    with caused_by(cause), unit_of_work():
        publish(suspended())

    (event,) = published()
    assert (event.tenant_id, event.position, event.stream, event.stream_version) == ("north", 1, "tenant:north", 1)
    assert (event.type, event.version, event.category) == ("tenants.tenant_suspended", 1, "SYSTEM")
    assert (event.correlation_id, event.causation_id) == (correlation_id, causation_id)
    assert (event.actor, event.traceparent) == ("user:ada", "00-a")
    assert event.data["tenant_name"] == "north"


def test_a_unit_that_fails_publishes_nothing(committed: Tenant) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work():
        publish(suspended())
        _ = 1 / 0

    assert names() == []


def test_an_inner_unit_that_fails_fails_the_whole(committed: Tenant) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work():
        publish(suspended())
        with unit_of_work():
            _ = 1 / 0

    assert names() == []


def test_events_of_one_unit_keep_their_order_and_count_their_streams(shop: Tenant) -> None:
    with unit_of_work():
        publish(suspended("a"))
        publish(suspended("b"))
        publish(TenantReactivated(tenant_uuid=new_id(), tenant_name="a"))

    events = published()
    assert [event.position for event in events] == [1, 2, 3]
    assert [(event.stream, event.stream_version) for event in events] == [
        ("tenant:a", 1),
        ("tenant:b", 1),
        ("tenant:a", 2),
    ]


def test_a_field_of_another_type_is_refused_and_named(shop: Tenant) -> None:
    with nothing_happened(), pytest.raises(EventInvalid, match="tenant_name"), unit_of_work():
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=5))  # type: ignore[arg-type]

    assert names() == []


def test_an_event_that_is_too_large_is_refused(shop: Tenant) -> None:
    with nothing_happened(), pytest.raises(EventInvalid, match="bytes"), unit_of_work():
        publish(suspended("x" * 1_100_000))

    assert names() == []


def test_what_is_no_event_is_refused(shop: Tenant) -> None:
    with nothing_happened(), pytest.raises(EventInvalid, match="not declared"), unit_of_work():
        publish(object())


@pytest.mark.parametrize(
    ("name", "version", "data"),
    [
        ("no.such_event", 1, "{}"),
        ("tenants.tenant_suspended", 99, "{}"),
        ("tenants.tenant_suspended", 1, '{"tenant_uuid": 5}'),
    ],
)
def test_a_stored_event_that_does_not_fit_is_unreadable(name: str, version: int, data: str) -> None:
    with pytest.raises(EventUnreadable):
        decode(name, version, data)


def test_a_schema_that_changes_within_a_unit_is_refused(committed: Tenant, south: Tenant) -> None:
    def wander() -> None:
        with unit_of_work():
            publish(suspended())
            tenant_connection().set_tenant(south)

    with pytest.raises(TenantChangedInUnitOfWork):
        wander()

    assert Event.objects.count() == 0


class TestIds:
    made: ClassVar[list[UUID]] = [new_id() for _ in range(1000)]

    def test_ids_are_of_version_7_and_sort_by_time(self) -> None:
        assert {made.version for made in self.made} == {7}
        assert [made.int >> 80 for made in self.made] == sorted(made.int >> 80 for made in self.made)
