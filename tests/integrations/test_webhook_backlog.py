"""What is next for an endpoint costs the same however many deliveries wait: nobody reads a backlog from end to end."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from integrations.models import WebhookEndpoint
from integrations.webhooks import sending
from tests.support.ageing import forget_dead_rows
from tests.support.explaining import Explaining
from tests.support.hooking import later
from tests.support.receiving import Receiver

WAITING = 6_000

LOOKS: dict[str, Callable[[WebhookEndpoint], object]] = {
    "the lease of a delivery": lambda endpoint: sending._lease(endpoint.id, later(seconds=2)),
    "the lease of a test": lambda endpoint: sending._lease(endpoint.id, later(seconds=2), sending._LEASE_TEST),
    "what is left": lambda endpoint: sending._is_due(endpoint.id, later(seconds=2)),
    "the tenant's other endpoints": lambda endpoint: sending._ring_next(endpoint.id, later(seconds=2)),
    "the sweeper": lambda _endpoint: sending.due_endpoints(["north"]),
}


def _fill(endpoint: WebhookEndpoint) -> None:
    """Let deliveries wait: most are due, and one of a hundred was tried and is due in an hour."""
    forget_dead_rows("events_webhookdelivery")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_webhookdelivery (id, tenant_id, endpoint_id, replay, position, event_id, type, stream,
                state, attempts, next_attempt_at, created_at)
            SELECT gen_random_uuid(), 'north', %(endpoint)s, '', n, gen_random_uuid(), 'pos.order_completed',
                'order:' || n / 4, 'PENDING', 0,
                now() - interval '1 hour' + CASE WHEN n %% 100 = 1 THEN interval '2 hours' ELSE interval '0' END, now()
            FROM generate_series(1, %(waiting)s) AS n;
            ANALYZE events_webhookdelivery
            """,
            {"endpoint": endpoint.id, "waiting": WAITING},
        )


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_at_a_long_backlog_touches_few_blocks(receiver: Receiver, endpoint: WebhookEndpoint, look: str) -> None:
    _fill(endpoint)
    explaining = Explaining()

    with transaction.atomic(), connection.execute_wrapper(explaining):
        LOOKS[look](endpoint)

    assert explaining.read
    blocks, plan = max(explaining.read)
    assert blocks < 200, plan
