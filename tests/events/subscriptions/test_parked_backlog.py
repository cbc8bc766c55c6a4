"""Parked events: what is next costs the same however many there are, and so do an operator's statements."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from events.models import OperatorAction, ParkedEvent
from events.operations.parked import discard_parked, retry_parked
from events.subscriptions import parking
from events.subscriptions.parking import PARKED_FLAGS, State
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.ageing import forget_dead_rows
from tests.support.explaining import Explaining
from tests.support.recording import Recorder, Subscribe

PARKED = 3_000


@pytest.fixture
def name(shop: Tenant, subscribe: Subscribe) -> str:
    forget_dead_rows("events_parkedevent")
    return subscribe(Recorder().record, TenantSuspended)


def _park(name: str, state: State, number: int, *, streams: int = 0, first: int = 1, seconds: float = 3600) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state, attempts,
                next_attempt_at, error, fingerprint, reason, parked_at, updated_at)
            SELECT 'north', %(name)s, n, gen_random_uuid(), 'tenants.tenant_suspended',
                'tests:' || n %% coalesce(nullif(%(streams)s, 0), n + 1), %(state)s, 1,
                now() + make_interval(secs => %(seconds)s), 'ValueError: no', 'kind', '', now(), now()
            FROM generate_series(%(first)s, %(first)s + %(number)s - 1) AS n;
            ANALYZE events_parkedevent
            """,
            {"name": name, "state": state, "number": number, "streams": streams, "first": first, "seconds": seconds},
        )


def _flags(name: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {PARKED_FLAGS} FROM events_subscription s WHERE s.subscriber = %s", [name])
        flags: tuple[object, ...] = cursor.fetchone()
        return flags


@pytest.mark.parametrize("state", [State.DISCARDED, State.RETRYING])
@pytest.mark.parametrize("look", [_flags, lambda name: parking.next_due("north", name)], ids=["flags", "next"])
def test_a_look_at_many_parked_events_touches_few_blocks(
    name: str, state: State, look: Callable[[str], object]
) -> None:
    _park(name, state, PARKED)
    ParkedEvent.objects.filter(subscriber=name, position=PARKED).update(state=State.RETRYING)
    explaining = Explaining()

    with transaction.atomic(), connection.execute_wrapper(explaining):
        look(name)

    assert explaining.read
    blocks, plan = max(explaining.read)
    assert blocks < 50, plan


def test_discarded_events_that_the_cursor_has_passed_block_nothing(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_subscription SET cursor = 10 WHERE subscriber = %s", [name])
    _park(name, State.DISCARDED, 10)
    assert _flags(name) == (False, None)

    _park(name, State.DISCARDED, 1, first=11)
    assert _flags(name) == (True, None)


def test_the_event_that_has_been_due_for_longest_is_tried_first(name: str) -> None:
    _park(name, State.RETRYING, 1, first=1, seconds=-1)
    _park(name, State.RETRYING, 2, first=2, seconds=-2)

    due = parking.next_due("north", name)

    assert due is not None
    assert due.position == 2


@pytest.mark.parametrize("act", ["retry", "discard"])
def test_a_hundred_events_take_an_operator_as_many_statements_as_one(name: str, act: str) -> None:
    def statements(number: int, first: int) -> int:
        _park(name, State.DEAD, number, streams=10, first=first)
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            if act == "retry":
                done = retry_parked(subscriber=name, operator="user:ada", fingerprint="kind")
            else:
                done = discard_parked(subscriber=name, operator="user:ada", reason="no", fingerprint="kind")
        assert done == number
        ParkedEvent.objects.filter(subscriber=name).delete()
        return len(queries)

    assert statements(1, first=1) == statements(100, first=2)
    assert OperatorAction.objects.filter(subscriber=name, action=act).count() == 101
