"""What is asked of all tenants at once costs a look at each log, not one for each subscription."""

import re

from django.db import connection

from events.subscriptions.queries import behind, lags
from kernel.tenancy import in_public_schema
from tests.support.explaining import Explaining

TENANTS, SUBSCRIPTIONS = 20, 25


def test_a_sweep_and_a_scrape_look_at_each_log_once_however_many_subscriptions_there_are(db: None) -> None:
    explaining = Explaining()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_subscription (tenant_id, subscriber, start, cursor, started_position, starts, updated_at)
            SELECT 'many_' || t, 'tests.many_' || s, 0, 0, 0, 0, now()
            FROM generate_series(1, %s) AS t, generate_series(1, %s) AS s
            """,
            [TENANTS, SUBSCRIPTIONS],
        )
        with connection.execute_wrapper(explaining):
            late, found = behind(moment_seconds=1), lags()

    assert not [tenant for tenant, _ in late if tenant.startswith("many_")]
    assert len([lag for lag in found if lag.tenant_id.startswith("many_")]) == TENANTS * SUBSCRIPTIONS
    looks = [int(n) for _, plan in explaining.read for n in re.findall(r"on events_event_.* loops=(\d+)", plan)]
    assert len(looks) >= len(explaining.read) == 2
    assert max(looks) < 2 * TENANTS
