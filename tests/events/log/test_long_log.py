"""What is asked of a log all the time costs the same however long it is: nobody reads it from end to end."""

import time
from collections.abc import Callable
from itertools import count

import pytest
from django.db import connection

from events.contracts import gate, unreadable
from events.log.log import head
from events.operations import accounts
from events.subscriptions import cursors, queries
from kernel.tenancy import in_public_schema
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support.ageing import forget_dead_rows
from tests.support.explaining import Explaining
from tests.support.recording import Recorder, Subscribe
from tests.support.releases import release

EVENTS = 60_000
_starts = count(int(time.time()) * 1_000_000, 1_000_000)
"""Where the log of a test goes on: above what was rolled back before, which the indexes still hold."""

LOOKS: dict[str, Callable[[str], object]] = {
    "news": lambda name: cursors.has_news("north", name),
    "what is pending": lambda _name: queries.behind(moment_seconds=-5),
    "the oldest": lambda name: queries.oldest_pending_seconds(tenants=["north"], subscribers=[name]),
    "lags": lambda _name: queries.lags(),
    "a page of the feed": lambda _name: queries.feed(
        tenant_id="north", after=head("north") - 1000, categories=["DOMAIN", "INTEGRATION"], types=[], limit=100
    ),
    "a stream": lambda name: queries.unheard(subscriber=name, streams=["tests:last"]),
    "what waits": lambda _name: _in_public(unreadable.unreadable),
    "unknown types": lambda _name: _in_public(gate.unknown_types),
    "unknown subscribers": lambda name: _without(name, gate.unknown_subscribers),
    "a piece of the accounts": lambda _name: accounts.check_accounts(),
}


def _without(name: str, look: Callable[[], object]) -> object:
    """Look with code that does not declare the subscriber."""
    with release(without=name):
        return _in_public(look)


def _in_public(look: Callable[[], object]) -> object:
    with in_public_schema():
        return look()


@pytest.fixture
def name(shop: Tenant, subscribe: Subscribe) -> str:
    for table in ("events_parkedevent", "events_binding", "events_subscription"):
        forget_dead_rows(table)
    return subscribe(Recorder().record, TenantSuspended, TenantReactivated)


def _lengthen(name: str) -> None:
    """Let the log grow by events that all have applied, with the subscriber's own processed rows."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH new AS (
                INSERT INTO public.events_event (tenant_id, position, event_id, type, version, category, stream,
                    stream_version, occurred_at, recorded_at, correlation_id, actor, traceparent, data)
                SELECT 'north', %(start)s + n, gen_random_uuid(), 'tenants.tenant_suspended', 1, 'DOMAIN',
                    'tests:' || n, 1, now(), now() - interval '1 minute', gen_random_uuid(), '', '', '{}'
                FROM generate_series(1, %(events)s) AS n RETURNING position, recorded_at
            )
            INSERT INTO public.events_processedevent (tenant_id, subscriber, position, recorded_at, processed_at)
            SELECT 'north', %(name)s, position, recorded_at, now() FROM new
            """,
            {"start": next(_starts), "events": EVENTS, "name": name},
        )
        cursor.execute(
            """
            UPDATE events_subscription SET cursor = (SELECT max(position) FROM events_event WHERE tenant_id = 'north')
            WHERE tenant_id = 'north';
            INSERT INTO events_account (tenant_id, subscriber, checked, unaccounted, checked_at)
            SELECT tenant_id, subscriber, cursor - 10, 0, now() FROM events_subscription
            WHERE tenant_id = 'north'
            ON CONFLICT (tenant_id, subscriber) DO UPDATE SET checked = excluded.checked, unaccounted = 0;
            ANALYZE events_event; ANALYZE events_processedevent; ANALYZE events_subscription; ANALYZE events_binding
            """
        )


FEW = 800
"""A look at what is bound reads four blocks for each of some 145 bindings, however long the log is."""


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_at_a_long_log_touches_few_blocks(name: str, look: str) -> None:
    _lengthen(name)
    explaining = Explaining()

    with connection.execute_wrapper(explaining):
        LOOKS[look](name)

    blocks, plan = max(explaining.read)
    assert blocks < (6000 if look == "a piece of the accounts" else FEW), plan
