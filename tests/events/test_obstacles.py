"""What keeps a month in the log: an event that somebody has yet to handle or to receive, and nothing else."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events import bindings, months, queries
from events.gauges import scraped
from events.models import Subscription, WebhookDelivery
from events.obstacles import UNHANDLED
from events.services import pause_subscription, subscribe_tenant
from events.subscriptions import Backoff, forget_subscriber
from events.webhooks.deliveries import redeliver
from events.webhooks.endpoints import create_endpoint, delete_endpoint
from kernel.tenancy import in_public_schema
from staff.services import hire_owner
from tenants.events import TenantReactivated, TenantSuspended
from tenants.models import Tenant
from tests import make
from tests.events.ageing import OLD, age, count, retained, trade
from tests.events.recording import Recorder, Subscribe, say
from tests.work import drain, published, settle


def keeps(text: str) -> list[tuple[str, bool, str]]:
    return [(OLD, False, text)]


DROPPED = [(OLD, True, "")]


def test_what_someone_has_yet_to_apply_is_kept(old_month: str, subscribe: Subscribe) -> None:
    recorder = Recorder()
    name = subscribe(recorder.record, TenantSuspended, backoff=Backoff(attempts=1))
    pause_subscription(subscriber=name, operator="user:ada")
    say("a", "bad")
    settle()
    age()

    assert retained() == keeps(f"{name} of north has yet to handle the event at position 1, and is paused")
    Subscription.objects.filter(subscriber=name).update(paused_at=None)
    recorder.failing = {"bad": 99}
    settle()
    assert retained() == keeps(
        f"{name} of north has parked events: 1 dead, the first at position 2; retry or discard them"
    )
    call_command(
        "events", "discard", name, "--tenant", "north", "--position", "2", "--reason", "a test", stdout=StringIO()
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

    monkeypatch.setattr("events.archives.digests", meanwhile)

    assert retained() == keeps(f"{name} of north has yet to handle the event at position 1")
    assert count("SELECT count(*) FROM events_floor WHERE tenant_id = 'north'") == 0


def test_what_is_pending_is_found_by_the_index_on_types_and_not_by_reading_the_month(old_month: str) -> None:
    say(*"abc")
    age()
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event; ANALYZE events_binding; ANALYZE events_subscription")
        month = months.months()[0]
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {UNHANDLED}", {**month.period, "tenants": ["north", "south"]})
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")

    assert f"on events_event_{OLD}" in plan
    assert plan.count("events_event_") == 2
    (condition,) = [
        line
        for line in plan.splitlines()
        if "Index Cond" in line and "recorded_at" not in line and "type" in line and "position" in line
    ]
    assert "tenant_id = b.tenant_id" in condition


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
