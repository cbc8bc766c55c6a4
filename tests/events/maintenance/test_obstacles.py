"""What keeps a month in the log: an event that somebody has yet to handle or to receive, and nothing else."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.log import months
from events.maintenance import retention
from events.maintenance.obstacles import obstacles
from events.models import Subscription
from events.operations.gauges import scraped
from events.operations.pausing import pause_subscription
from events.operations.tenant_records import subscribe_tenant
from events.subscribing import Backoff
from events.subscriptions import bindings, queries
from events.subscriptions.registry import forget_subscriber
from events.testing.work import drain, published, settle
from integrations.models import WebhookDelivery
from integrations.webhooks.deliveries import redeliver
from integrations.webhooks.endpoints import create_endpoint, delete_endpoint
from kernel.tenancy import in_public_schema
from staff.services import hire_owner
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.ageing import OLD, age, count, retained, trade
from tests.support.explaining import Explaining
from tests.support.recording import Recorder, Subscribe, say


def keeps(text: str) -> list[tuple[str, bool, str]]:
    return [(OLD, False, text)]


DROPPED = [(OLD, True, "")]


def test_what_someone_has_yet_to_apply_is_kept(old_month: str, subscribe: Subscribe) -> None:
    recorder = Recorder()
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(attempts=1))
    pause_subscription(subscriber=name, operator="user:ada", reason="a test")
    say("a", "bad")
    settle()
    age()

    assert retained() == keeps(f"{name} of north has yet to handle the event at position 2, and is paused")
    Subscription.objects.filter(subscriber=name).update(paused_at=None)
    recorder.failing = {"bad": 99}
    settle()
    assert retained() == keeps(
        f"{name} of north has parked events: 1 dead, the first at position 3; retry or discard them"
    )
    call_command(
        "events", "discard", name, "--tenant", "north", "--position", "3", "--reason", "a test", stdout=StringIO()
    )

    assert retained() == DROPPED


def test_a11_a_subscriber_whose_types_did_not_occur_keeps_nothing(old_month: str, subscribe: Subscribe) -> None:
    name = subscribe(Recorder().record, TenantReactivated)
    make.variant()
    make.shift()
    _drain_what_the_sweeper_rings_for()
    make.order(make.cash(1000))
    _drain_what_the_sweeper_rings_for()
    age()

    assert Subscription.objects.get(subscriber=name).cursor < len(published())
    assert retained() == DROPPED


def _drain_what_the_sweeper_rings_for() -> None:
    while True:
        with in_public_schema():
            late = [name for tenant, name in queries.behind(moment_seconds=-5) if tenant == "north"]
        if not late:
            return
        for name in late:
            drain(name)


def test_a_type_keeps_its_events_only_where_it_was_bound(old_month: str, subscribe: Subscribe) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("handled", "unbound", "bound again")
    settle()
    age()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("UPDATE events_subscription SET cursor = 1 WHERE subscriber = %s", [name])
        cursor.execute("UPDATE events_binding SET until = 1 WHERE subscriber = %s AND type LIKE 'tenants.%%'", [name])
        cursor.execute(
            "INSERT INTO events_binding (tenant_id, subscriber, type, since, bound_at)"
            " VALUES ('north', %s, 'tenants.tenant_suspended', 2, now())",
            [name],
        )

    assert retained() == keeps(f"{name} of north has yet to handle the event at position 3")
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("UPDATE events_binding SET until = 2 WHERE subscriber = %s AND since = 2", [name])

    assert retained() == DROPPED


def test_a_subscription_of_older_code_keeps_what_it_may_hear_until_it_is_bound(
    old_month: str, subscribe: Subscribe
) -> None:
    name = subscribe(Recorder().record, TenantReactivated)
    say("of no interest")
    settle(without=name)
    age()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_binding WHERE subscriber = %s", [name])

    unbound = retained()
    subscribe_tenant()

    text = f"{name} of north was never bound to what it hears: run manage.py subscribe, or unsubscribe it where"
    assert unbound == keeps(f"{text} this code does not declare it")
    assert retained() == DROPPED


def test_a_removed_subscriber_keeps_the_month_until_its_events_are_discarded(
    old_month: str, subscribe: Subscribe
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("a")
    settle(without=name)
    forget_subscriber(name)
    age()

    assert retained() == keeps(
        f"{name} of north has yet to handle the event at position 1, and this code does not declare it: rename it, or"
        " manage.py unsubscribe it and discard its dead letters"
    )
    call_command("unsubscribe", name, "--reason", "a test", stdout=StringIO())
    assert retained() == keeps(
        f"{name} of north has parked events: 1 dead, the first at position 1; retry or discard them"
    )
    call_command(
        "events", "discard", name, "--tenant", "north", "--position", "1", "--reason", "a test", stdout=StringIO()
    )

    assert retained() == DROPPED


@pytest.mark.parametrize("status", ["CLOSING", "CLOSED"])
def test_a_suspended_shop_keeps_its_events_until_it_works_again_or_closes(
    old_month: str, subscribe: Subscribe, status: str
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("a")
    settle(without=name)
    age()
    _put("SUSPENDED")

    assert retained() == keeps(
        f"{name} of north has yet to handle the event at position 1, and the shop is suspended: reactivate it until"
        " they are handled, or close it"
    )
    _put(status)

    assert retained() == DROPPED


def _put(status: str) -> None:
    with in_public_schema():
        Tenant.objects.filter(schema_name="north").update(status=status)


def test_rows_of_what_is_no_tenant_keep_nothing_and_are_named(old_month: str, archive: Any) -> None:
    say("a")
    settle()
    age()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE ghost AS SELECT * FROM events_event WHERE tenant_id = 'north';"
            "UPDATE ghost SET tenant_id = 'ghost'; INSERT INTO events_event SELECT * FROM ghost; DROP TABLE ghost;"
            "INSERT INTO events_subscription (tenant_id, subscriber, start, cursor, started_position, starts,"
            " updated_at) VALUES ('ghost', 'tests.ghost', 0, 0, 0, 0, now());"
            "INSERT INTO events_binding (tenant_id, subscriber, type, since, bound_at)"
            " VALUES ('ghost', 'tests.ghost', 'tenants.tenant_suspended', 0, now())"
        )
    out, shown = StringIO(), StringIO()

    try:
        call_command("retention", "--months", "12", stdout=out)
        call_command("retention", "--show", OLD, "--tenant", "ghost", stdout=shown)
    finally:
        with in_public_schema(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_subscription WHERE tenant_id = 'ghost'")
            cursor.execute("DELETE FROM events_floor WHERE tenant_id = 'ghost'")
            cursor.execute("DELETE FROM events_streamfloor WHERE tenant_id = 'ghost'")

    assert out.getvalue().splitlines() == [
        f"{OLD}           2 events  archived and dropped",
        "    note: it holds rows of what is no tenant: ghost",
    ]
    assert len(shown.getvalue().splitlines()) == 1


def test_a_webhook_that_has_not_arrived_keeps_its_month(old_month: str, settings: Any) -> None:
    settings.WEBHOOKS_MAY_BE_LOCAL = True
    endpoint, _ = create_endpoint(url="http://127.0.0.1:1/hook", now=make.NOW)
    make.variant()
    settle()
    age()

    text = "http://127.0.0.1:1/hook of north has yet to receive webhooks: 1 {}, the first at position 1"
    assert retained() == keeps(text.format("pending"))
    WebhookDelivery.objects.update(state="PARKED")
    assert retained() == keeps(text.format("parked"))
    WebhookDelivery.objects.update(state="DELIVERED")
    redeliver(delivery_id=WebhookDelivery.objects.get().id, now=make.NOW)
    assert retained() == keeps(text.format("pending"))
    delete_endpoint(endpoint_id=endpoint.id, now=make.NOW)

    assert retained() == DROPPED
    assert WebhookDelivery.objects.count() == 0


def test_a_lease_under_which_events_are_sent_keeps_them(old_month: str, subscribe: Subscribe) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("a")
    settle(without=name)
    age()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_subscription SET lease = gen_random_uuid(), leased_until = now() + interval '1 minute'"
            " WHERE subscriber = %s",
            [name],
        )

    assert retained() == keeps(f"{name} of north has yet to handle the event at position 1")


def test_events_that_are_not_accounted_for_keep_the_month(old_month: str) -> None:
    trade()
    age()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO events_account VALUES ('north', 'tests.lost', 1, 2, now())")

    assert retained() == keeps("tests.lost of north has events that are not accounted for: 2; see manage.py verify")
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_account")

    assert retained() == DROPPED


def test_what_came_up_while_a_month_was_compared_keeps_it(
    old_month: str, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("a")
    settle()
    age()
    compared = months.digests

    def meanwhile(*arguments: Any, **options: Any) -> Any:
        yield from compared(*arguments, **options)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE events_subscription SET cursor = 0 WHERE subscriber = %s", [name])

    monkeypatch.setattr("events.log.archives.digests", meanwhile)

    assert retained() == keeps(f"{name} of north has yet to handle the event at position 1")
    assert count("SELECT count(*) FROM events_floor WHERE tenant_id = 'north'") == 0


@pytest.mark.parametrize("statistics", [True, False], ids=["analyzed", "never analyzed"])
def test_what_keeps_a_month_is_found_without_reading_its_rows(
    old_month: str, subscribe: Subscribe, statistics: bool
) -> None:
    quiet, pending = (subscribe(Recorder().record, TenantReactivated) for _ in range(2))
    _fill_the_month(20_000, statistics=statistics)
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("UPDATE events_subscription SET cursor = 20000 WHERE tenant_id = 'north'")
        cursor.execute("UPDATE events_subscription SET cursor = 1 WHERE subscriber = %s", [quiet])
        cursor.execute("UPDATE events_subscription SET cursor = 0 WHERE subscriber = %s", [pending])
        _park(cursor, quiet, range(1, 4))
        cursor.execute("SELECT pg_relation_size(%s) / 8192", [f"public.events_event_{OLD}"])
        pages = cursor.fetchone()[0]
        month, explaining = months.months()[0], Explaining()
        cursor.execute("SET random_page_cost = 40")  # what a scan of many pages costs in a month of a million rows

        with connection.execute_wrapper(explaining):
            found = obstacles(month, months.newest(month))
            held = months.extents(month)
        cursor.execute("RESET random_page_cost")

    assert [(reason.kind, reason.text.split(" ", 1)[0]) for reason in found] == [
        ("unhandled", pending),
        ("parked", quiet),
    ]
    assert [(each.first, each.last) for each in held] == [(1, 20_000)]
    assert pages > 900
    assert len(explaining.read) == 8
    touched = explaining.touched(f"events_event_{OLD}")
    assert len(touched) >= 5
    assert max(touched) < pages / 5
    assert not [plan for _, plan in explaining.read if f"Seq Scan on events_event_{OLD}" in plan]


def _fill_the_month(rows: int, *, statistics: bool) -> None:
    """Write a month of a type that nobody hears, behind one event of a type that is rare."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE public.events_event_{OLD} SET (autovacuum_enabled = off)")
        cursor.execute(
            """
            INSERT INTO public.events_event (tenant_id, position, event_id, type, version, category, stream,
                stream_version, occurred_at, recorded_at, correlation_id, actor, traceparent, data)
            SELECT 'north', n, gen_random_uuid(), CASE n WHEN 1 THEN 'tenants.tenant_reactivated' ELSE 'tests.told' END,
                1, 'DOMAIN', 'tests:' || n, 1, now(), '2020-01-15Z'::timestamptz + n * interval '1 s',
                gen_random_uuid(), '', '', jsonb_build_object('note', repeat('x', 200))
            FROM generate_series(1, %s) AS n
            """,
            [rows],
        )
        if statistics:
            cursor.execute(f"ANALYZE public.events_event_{OLD}; ANALYZE events_subscription; ANALYZE events_binding")


def _park(cursor: Any, subscriber: str, positions: range) -> None:
    cursor.execute(
        """
        INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state, attempts,
            next_attempt_at, error, fingerprint, reason, parked_at, updated_at)
        SELECT e.tenant_id, %s, e.position, e.event_id, e.type, e.stream, 'DEAD', 1, now(), '', '', '', now(), now()
        FROM events_event e WHERE e.tenant_id = 'north' AND e.position = ANY(%s)
        """,
        [subscriber, list(positions)],
    )


def test_only_small_tables_are_read_while_the_log_is_locked(old_month: str) -> None:
    trade()
    age()

    with CaptureQueriesContext(connection) as captured:
        assert retained() == DROPPED

    statements = [query["sql"] for query in captured]
    (locked,) = [n for n, statement in enumerate(statements) if "ACCESS EXCLUSIVE" in statement]
    (dropped,) = [n for n, statement in enumerate(statements) if statement.startswith("DROP TABLE public.events_event")]
    meanwhile = [s for s in statements[locked + 1 : dropped] if "SAVEPOINT" not in s]
    assert len(meanwhile) == 10
    assert not [s for s in meanwhile if "WITH page" in s or "RECURSIVE" in s]


@pytest.mark.parametrize("look", ["first", "second"])
def test_a_look_that_takes_too_long_keeps_the_month_as_busy_until_the_next_run(
    old_month: str, monkeypatch: pytest.MonkeyPatch, look: str
) -> None:
    trade()
    age()
    lock = retention._keep_everyone_away

    def and_be_slow(month: months.Month | None = None) -> None:
        if month is not None:
            lock(month)
        patched.setattr("events.maintenance.obstacles.UNHANDLED", "SELECT 'north', '', false, 1 FROM pg_sleep(30)")
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '100ms'")

    with monkeypatch.context() as patched:
        if look == "first":
            and_be_slow()
        else:
            patched.setattr(retention, "_keep_everyone_away", and_be_slow)
        try:
            kept = retained()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET statement_timeout")

    assert kept == keeps(
        "a statement was cancelled (canceling statement due to statement timeout): the next run tries again; where"
        " that fails as well, raise the role's statement_timeout"
    )
    assert f'tillflow_events_month_kept{{month="{OLD}",reason="busy"}} 1.0' in scraped().decode()
    assert count("SELECT count(*) FROM events_floor WHERE tenant_id = 'north'") == 0
    assert retained() == DROPPED
    assert "tillflow_events_month_kept{" not in scraped().decode()


@pytest.mark.parametrize("table", months.TABLES)
def test_a_page_of_a_month_begins_where_the_index_says(old_month: str, table: str) -> None:
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        month = months.months()[0]
        after = ("north", 1) if table == months.EVENTS else ("north", "a", 1)
        cursor.execute(f"EXPLAIN {months._page(table)} SELECT * FROM page", months._asked(month, after))
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")

    assert "Sort" not in plan
    assert f"Index Scan using {table}_{OLD}_pkey" in plan
    assert "Index Cond: ((ROW(tenant_id" in plan


def test_a_month_is_read_in_pages_through_the_parent_table(old_month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trade()
    age()
    monkeypatch.setattr(months, "PAGE_ROWS", 3)

    with CaptureQueriesContext(connection) as captured:
        assert retained() == DROPPED

    statements = [query["sql"] for query in captured]
    pages = [statement for statement in statements if "WITH page" in statement]
    direct = [s for s in statements if f"events_event_{OLD}" in s or f"events_processedevent_{OLD}" in s]
    assert len([page for page in pages if "FROM public.events_event " in page]) == 2 * 5
    assert all("LIMIT 3" in page for page in pages)
    assert {statement.split()[0] for statement in direct} == {"LOCK", "DROP", "SELECT", "INSERT", "UPDATE"}
    assert not [s for s in direct if "FROM public.events_" in s]


def test_what_keeps_a_month_is_in_the_gauge_and_in_the_platforms_admin(old_month: str, subscribe: Subscribe) -> None:
    name = subscribe(Recorder().record, TenantSuspended)
    say("a")
    settle(without=name)
    age()
    with in_public_schema():
        client = Client(headers={"Host": "localhost"})
        client.force_login(hire_owner(username="months", password="a long secret"))

    retained()
    kept, kept_page = scraped().decode(), client.get("/admin/events/archive/").content.decode()
    settle()
    retained()
    after, after_page = scraped().decode(), client.get("/admin/events/archive/").content.decode()

    assert f'tillflow_events_month_kept{{month="{OLD}",reason="unhandled"}} 1.0' in kept
    assert f"{name} of north has yet to handle the event at position 1" in kept_page
    assert "tillflow_events_month_kept{" not in after
    assert f"events_event_{OLD}.jsonl.gz" in after_page
    assert name not in after_page


def test_a_shop_does_not_see_the_months_of_all(old_month: str, owner: Client) -> None:
    assert owner.get("/admin/events/archive/").status_code == 403


def test_bindings_count_from_the_floor(old_month: str, subscribe: Subscribe) -> None:
    trade()
    age()
    retained()
    newest = count("SELECT position FROM events_floor WHERE tenant_id = 'north'")

    name = subscribe(Recorder().record, TenantSuspended)

    assert {each.since for each in bindings.intervals_of("north", name)} == {newest}
