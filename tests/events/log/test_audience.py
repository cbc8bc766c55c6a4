"""An edited copy is for one subscriber: its audience is part of its envelope, and whoever reads the log respects it."""

import importlib
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection

from events.event import Category
from events.log import archives
from events.log.log import read, read_at
from events.models import Event, ProcessedEvent
from events.operations import accounts
from events.operations.dead_letters import letters
from events.operations.parked import publish_edited_copy
from events.operations.tracing import trace
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from events.subscriptions import queries
from events.subscriptions.declarations import note_rename
from events.testing.work import drain, settle
from integrations.models import WebhookEndpoint
from integrations.webhooks.endpoints import QUEUEING
from integrations.webhooks.queueing import replay_period
from kernel.ids import new_id
from kernel.tenancy import in_public_schema
from payments.events import PaymentFailed
from pos.events import OrderCompleted
from staff.services import issue_api_key
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.accounting import unaccounted
from tests.support.hooking import A, fail, failure, later, states
from tests.support.recording import Recorder, Subscribe, say
from tests.support.releases import Hearing
from tests.support.terminal import Terminal
from web.scopes import EVENTS_READ

ONE_ATTEMPT = Backoff(base=0.0, cap=0.0, attempts=1)
SUSPENDED = "tenants.tenant_suspended"


@pytest.fixture
def failed(shop: Tenant, subscribe: Subscribe, recorder: Recorder) -> str:
    """A subscriber that could not apply position 1."""
    recorder.failing = {"bad": 99}
    name = subscribe(recorder.record, TenantSuspended, backoff=ONE_ATTEMPT)
    say("bad")
    drain(name)
    recorder.failing = {}
    return name


@pytest.fixture
def reader(shop: Tenant) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name="reader", scopes=[EVENTS_READ]))


def copied(name: str, position: int = 1) -> UUID:
    (letter,) = letters(subscriber=name, position=position)
    return publish_edited_copy(subscriber=name, position=position, data=letter.data, operator="user:ada", reason="r")


def verified() -> list[str]:
    out = StringIO()
    try:
        call_command("verify", "--tenant", "north", stdout=out)
    except SystemExit:
        return [line for line in out.getvalue().splitlines() if "BROKEN" in line]
    return []


def test_c06_integrators_see_an_order_once_and_verify_holds_after_an_edited_copy(
    shop: Tenant, subscribe: Subscribe, reader: Terminal
) -> None:
    broken = [True]

    def handle(_event: OrderCompleted, _delivery: object) -> None:
        if broken[0]:
            raise ValueError

    make.variant()
    make.shift()
    name = subscribe(handle, OrderCompleted, backoff=ONE_ATTEMPT)
    make.order(make.cash(1000))
    settle()
    broken[0] = False
    (letter,) = [letter for letter in letters() if letter.subscriber == name]

    copied(name, letter.position)
    settle()

    page = reader.get("/events", types="pos.order_completed").json()
    assert [event["position"] for event in page["events"]] == [letter.position]
    assert verified() == []


def test_c06_the_log_gives_a_copy_to_its_subscriber_alone(failed: str) -> None:
    event_id = copied(failed)

    for_all = read("north", after=0, types=[SUSPENDED], limit=10)
    for_it = read("north", subscriber=failed, after=0, types=[SUSPENDED], limit=10)
    for_another = read("north", subscriber="tests.another", after=0, types=[SUSPENDED], limit=10)

    assert read_at("north", 2).envelope.audience == failed
    assert [event.envelope.event_id for event in for_it.events][1:] == [event_id]
    assert [event.envelope.position for event in for_all.events] == [1]
    assert [event.envelope.position for event in for_another.events] == [1]
    assert for_another.reached == 2


def test_c06_consumers_outside_are_never_given_a_copy(failed: str) -> None:
    copied(failed)

    fed = queries.feed(tenant_id="north", after=0, categories=list(Category), types=[], limit=10)

    assert [event.envelope.position for event in fed] == [1]


def test_c06_no_webhook_is_queued_for_a_copy_nor_replayed(
    shop: Tenant, subscribe: Subscribe, endpoint: WebhookEndpoint
) -> None:
    def refuse(_event: PaymentFailed, _delivery: object) -> None:
        raise ValueError

    name = subscribe(refuse, PaymentFailed, backoff=ONE_ATTEMPT)
    fail(A)
    drain(name)
    copied(name)
    drain(QUEUEING)

    replay_period(endpoint_id=endpoint.id, since=later(hours=-1), until=later(hours=1))

    assert states(endpoint) == [(1, "PENDING"), (1, "PENDING")]


def test_c06_a_copy_for_the_subscriber_that_queues_webhooks_goes_out(shop: Tenant, endpoint: WebhookEndpoint) -> None:
    with unit_of_work():
        publish(failure(A), audience=QUEUEING)

    drain(QUEUEING)

    assert states(endpoint) == [(1, "PENDING")]


def test_c06_archives_with_and_without_an_audience_are_read_back(failed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copied(failed)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_json(e)::text, (to_jsonb(e) - 'audience')::text FROM events_event e ORDER BY position"
        )
        rows = cursor.fetchall()

    def positions(column: int, subscriber: str) -> list[int]:
        monkeypatch.setattr(archives, "archived_rows", lambda *_: [row[column] for row in rows])
        found = archives.archived_events("north", [SUSPENDED], subscriber=subscriber)
        return [event.envelope.position for event in found]

    assert positions(0, failed) == [1, 2]
    assert positions(0, "tests.another") == [1]
    assert positions(1, "tests.another") == [1, 2]


def test_c06_a_subscriber_created_later_from_the_beginning_does_not_apply_a_copy(
    failed: str, subscribe: Subscribe
) -> None:
    hearing = Hearing()
    copied(failed)
    drain(failed)

    later = subscribe(hearing.hear, TenantSuspended, from_beginning=True)
    drain(later)

    assert hearing.positions == [1]
    assert not ProcessedEvent.objects.filter(subscriber=later, position=2).exists()
    assert unaccounted() == 0
    while accounts.check_accounts():
        pass
    assert accounts.unaccounted_on_the_books() == 0
    assert verified() == []


def test_c06_a_copy_is_pending_for_nobody_else(failed: str, subscribe: Subscribe) -> None:
    hearing = Hearing()
    other = subscribe(hearing.hear, TenantSuspended)
    copied(failed)

    behind = {lag.subscriber: lag.behind for lag in queries.lags()}
    waiting = queries.behind(moment_seconds=-5)

    assert (behind[failed], behind[other]) == (1, 0)
    assert ("north", failed) in waiting
    assert ("north", other) not in waiting
    correlation = Event.objects.get(position=2).correlation_id
    assert [applied.subscriber for applied in trace("north", correlation)[-1].applied] == [failed]


def test_c06_a_renamed_subscriber_keeps_the_copies_that_are_for_it(failed: str, recorder: Recorder) -> None:
    copied(failed)
    with in_public_schema():
        note_rename(failed, "tests.renamed")

    page = read("north", subscriber="tests.renamed", after=0, types=[SUSPENDED], limit=10)

    assert [event.envelope.position for event in page.events] == [1, 2]


def test_c06_a_listener_of_the_process_does_not_hear_a_copy(failed: str) -> None:
    with unit_of_work() as unit:
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="x"), audience=failed)

        assert [published.heard for published in unit.published] == [None]


def test_c06_copies_of_older_code_get_their_audience_by_the_migration(failed: str, subscribe: Subscribe) -> None:
    migration = importlib.import_module("events.migrations.0015_audience")
    hearing = Hearing()
    other = subscribe(hearing.hear, TenantSuspended)
    event_id = copied(failed)
    say("another")
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER events_event_append_only")
        cursor.execute("UPDATE events_event SET audience = NULL")
        cursor.execute("ALTER TABLE events_event ENABLE TRIGGER events_event_append_only")

        cursor.execute(migration.COPIES)

    drain(other)
    assert list(Event.objects.exclude(audience=None).values_list("event_id", "audience")) == [(event_id, failed)]
    assert hearing.positions == [3]
    with pytest.raises(Exception, match="append-only"), in_public_schema(), connection.cursor() as cursor:
        cursor.execute("UPDATE events_event SET audience = NULL")
