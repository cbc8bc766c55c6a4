"""An installation made by older code is brought to the newest, and nothing of it is lost (issue 10, deliverable 0)."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from rest_framework.test import APIClient

from events.contracts.pins import pins_of_tenant
from events.event import decode
from events.log.log import head, read_at
from events.maintenance.retention import retain
from events.models import Binding, Event, Outgoing, ParkedEvent, ProcessedEvent, Subscription
from events.operations.parked import discard_parked, retry_parked
from events.operations.pausing import resume_subscription
from events.subscriptions.registry import find_subscriber
from events.testing.work import drain
from integrations.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from integrations.webhooks import sending
from integrations.webhooks.http import Answer
from inventory.models import StockedVariant
from kernel.sealing import unsealed
from kernel.tenancy import in_public_schema, in_tenant
from payments.gateways.simulator import SimulatedGateway
from payments.models import PaymentIntent, SimulatedCharge
from pos.models import Order
from tenants.models import Tenant
from tenants.registering import TenantNameTaken
from tenants.services import create_tenant, reactivate_tenant
from tests.upgrade.restoring import SHOPS, Upgraded, contents, grants
from tests.upgrade.working import parked, settle_to_the_end, shop, verified, work

KNOW, SHELF, RECORD = "inventory.know_variants", "pos.note_shelf_levels", "payments.record_payments"

# Tables to which a release adds rows; the rows that were there stay as they were.
GROWING = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "auth_group_permissions",
    "events_event",
    "events_auditentry",
    "events_subscription",
}
# What a migration takes away or rewrites on purpose, with the test that shows that nothing is lost by it.
REWRITTEN = {
    "django_content_type": "test_grants_and_the_admins_history_still_name_the_same_things",
    "events_webhookendpoint": "test_webhook_secrets_are_readable_and_endpoints_keep_their_versions",
}
# Content types that have moved: old "app.model" to new.
MOVED = {
    f"events.{model}": f"integrations.{model}"
    for model in ("webhookendpoint", "webhooksecret", "webhookdelivery", "webhookattempt")
}


def test_the_migration_keeps_every_row(upgraded: Upgraded) -> None:
    before = {key: rows for key, rows in upgraded.before.contents.items() if key[1] not in REWRITTEN}

    after = contents({key: upgraded.before.columns[key] for key in before})

    lost = {f"{schema}.{table}": list(rows - after[schema, table]) for (schema, table), rows in before.items()}
    assert {table: rows for table, rows in lost.items() if rows} == {}
    added = {f"{schema}.{table}" for (schema, table), rows in before.items() if after[schema, table] - rows}
    assert {table for table in added if table.split(".")[1] not in GROWING} == set()


def test_every_subscription_is_bound_to_what_its_subscriber_declares_from_its_start_or_where_that_is_new(
    upgraded: Upgraded,
) -> None:
    new = {
        ("payments.charge_cards", "pos.order_placed"),
        ("payments.record_payments", "pos.order_placed"),
        ("payments.refund_returns", "pos.order_voided"),
    }
    bound: dict[tuple[str, str], set[tuple[str, int]]] = {}
    for row in Binding.objects.filter(until=None):
        bound.setdefault((row.tenant_id, row.subscriber), set()).add((row.type, row.since))

    for subscription in Subscription.objects.all():
        name = subscription.subscriber
        passed = Event.objects.filter(
            tenant_id=subscription.tenant_id, position__gt=subscription.start, position__lte=subscription.cursor
        )
        added = {kind for subscriber, kind in new if subscriber == name and passed.filter(type=kind).exists()}
        declared = {
            (kind, subscription.cursor if kind in added else subscription.start) for kind in find_subscriber(name).heard
        }
        assert bound[subscription.tenant_id, name] == declared


def test_grants_and_the_admins_history_still_name_the_same_things(upgraded: Upgraded) -> None:
    for name in SHOPS:
        before = {(who, _moved(what)) for who, what in upgraded.before.grants[name]}

        assert len(before) > 100
        assert before - grants(name) == set()


def test_roles_have_the_permissions_that_the_release_has_added(upgraded: Upgraded) -> None:
    for shop_name in SHOPS:
        with in_tenant(shop(shop_name)):
            manager = Group.objects.get(name="store manager")
            lacking = set(Permission.objects.exclude(group=manager).values_list("codename", flat=True))

        assert lacking == set()
        assert ("role store manager", "staff.signinrules.change_signinrules") not in upgraded.before.grants[shop_name]


def test_verify_finds_nothing_broken_before_and_after_everything_is_applied(upgraded: Upgraded) -> None:
    before = verified()

    work()

    assert "brought back from archives" in before
    assert [line for line in (before + verified()).splitlines() if "BROKEN" in line] == []
    assert verified().splitlines()[-1].endswith(" broken=0")


def test_what_was_pending_is_applied_once_and_what_was_applied_is_not_applied_again(upgraded: Upgraded) -> None:
    processed = set(ProcessedEvent.objects.values_list("tenant_id", "subscriber", "position", "processed_at"))

    work()

    again = set(ProcessedEvent.objects.values_list("tenant_id", "subscriber", "position", "processed_at"))
    assert processed < again
    assert lagging("alder") == {}
    assert lagging("birch") == {SHELF: 9}
    with in_tenant(shop("birch")):
        resume_subscription(subscriber=SHELF, operator="user:ada")
        settle_to_the_end()
    assert lagging("birch") == {}


def test_dead_letters_stay_dead_and_those_that_were_to_be_retried_are(upgraded: Upgraded) -> None:
    assert parked("alder") == Counter(DEAD=2, WAITING=2, DISCARDED=5, RETRYING=3)
    assert parked("cedar") == Counter(DEAD=1)

    work()

    assert parked("alder") == Counter(DEAD=2, WAITING=2, DISCARDED=5)
    assert skus("alder", KNOW, "DEAD", "WAITING") == ["BAD-DEAD"] * 3


def test_a_dead_letter_is_retried_and_its_successors_follow(upgraded: Upgraded) -> None:
    with in_tenant(shop("alder")):
        assert not StockedVariant.objects.filter(sku="BAD-DEAD").exists()

        assert retry_parked(subscriber=KNOW, operator="user:ada", fingerprint=fingerprint(KNOW)) > 0
        drained(KNOW)

        assert StockedVariant.objects.filter(sku="BAD-DEAD").exists()
        assert not ParkedEvent.objects.filter(subscriber=KNOW).exclude(state="DISCARDED").exists()


def test_a_dead_letter_is_discarded_and_its_successors_follow(upgraded: Upgraded) -> None:
    with in_tenant(shop("alder")):
        position = ParkedEvent.objects.get(subscriber=KNOW, state="DEAD").position

        assert discard_parked(subscriber=KNOW, operator="user:ada", reason="a test", position=position) == 1
        drained(KNOW)

        assert StockedVariant.objects.filter(sku="BAD-DEAD").exists()
        dead = ParkedEvent.objects.filter(state="DEAD").values_list("subscriber", flat=True)
        assert list(dead) == [RECORD]
    assert "broken=0" in verified().splitlines()[-1]


def test_edited_copies_reach_only_the_subscriber_that_they_are_for(upgraded: Upgraded) -> None:
    with in_tenant(shop("alder")):
        copies = Event.objects.filter(tenant_id="alder", data__sku__startswith="FIXED-")
        event_ids = set(copies.values_list("event_id", flat=True))

        work()

        assert len(event_ids) == 2
        assert StockedVariant.objects.filter(sku__startswith="FIXED-").count() == 2
        assert not WebhookDelivery.objects.filter(event_id__in=event_ids).exists()


def test_cards_that_were_to_be_charged_are_charged_once(upgraded: Upgraded, monkeypatch: pytest.MonkeyPatch) -> None:
    charged: list[UUID] = []
    charge = SimulatedGateway.charge

    def counted(self: SimulatedGateway, *, key: UUID, **more: Any) -> Any:
        charged.append(key)
        return charge(self, key=key, **more)

    monkeypatch.setattr(SimulatedGateway, "charge", counted)
    with in_tenant(shop("alder")):
        waiting = intents("tok_approve", "CREATED")
        dying = intents("tok_late", "CREATED")

        work()
        work()

        assert (len(waiting), len(dying)) == (1, 1)
        assert [key for key in charged if key in waiting | dying] == list(waiting)
        assert intents("tok_approve", "CREATED") == intents("tok_late", "CREATED") == set()
        books = SimulatedCharge.objects.filter(key__in=waiting | dying, approved=True)
        assert books.count() == PaymentIntent.objects.filter(id__in=waiting | dying, state="CAPTURED").count() == 2


def test_a_charge_without_an_answer_stays_unknown_and_a_refused_mail_refused(upgraded: Upgraded) -> None:
    work()

    with in_tenant(shop("alder")):
        ended = Outgoing.objects.exclude(state="DELIVERED").values_list("kind", "state", "attempts")
        assert sorted(ended) == [("notifications.mail", "FAILED", 1), ("payments.charge", "UNKNOWN", 12)]
        assert len(intents("tok_timeout", "UNKNOWN")) == 1


def test_a_suspended_shop_waits_and_catches_up_when_it_is_reactivated(upgraded: Upgraded) -> None:
    with in_tenant(shop("cedar")):
        assert lagging("cedar")[RECORD] == 4
        assert len(intents("tok_approve", "CREATED")) == 1

        reactivate_tenant(tenant=shop("cedar"))
        work()

        assert lagging("cedar") == {}
        assert parked("cedar") == Counter(DEAD=1)
        assert len(intents("tok_approve", "CAPTURED")) == 1
    assert "broken=0" in verified().splitlines()[-1]


def test_w16_a_closed_shop_does_not_stop_the_migration_and_its_name_stays_taken(upgraded: Upgraded) -> None:
    assert shop("dogwood").status == Tenant.Status.CLOSED
    call_command("migrate_schemas", verbosity=0)

    with pytest.raises(TenantNameTaken):
        create_tenant(name="dogwood")


def test_devices_and_keys_are_still_let_in_and_revoked_ones_are_not(upgraded: Upgraded) -> None:
    for name in ("alder", "birch"):
        facts = upgraded.facts["shops"][name]

        assert get(name, "/variants", facts["device"]).status_code == 200
        assert get(name, "/events", facts["api_key"]).status_code == 200
        assert get(name, "/variants", facts["device"] + "x").status_code == 401
    assert get("birch", "/variants", upgraded.facts["shops"]["alder"]["device"]).status_code in {401, 403}
    assert get("cedar", "/variants", upgraded.facts["shops"]["cedar"]["device"]).status_code in {403, 404, 503}


def test_a_repeated_order_gets_the_answer_that_was_kept(upgraded: Upgraded) -> None:
    with in_tenant(shop("alder")):
        orders = Order.objects.count()
        first = Order.objects.filter(fingerprint__gt="").order_by("recorded_at").first()
        assert first is not None
        body = {
            "id": str(first.id),
            "occurred_at": "2026-11-23T12:00:00Z",
            "lines": [{"sku": "MUG", "quantity": "1"}],
            "tenders": [{"type": "cash", "amount": {"amount": 1000}}],
        }
        headers = {"Idempotency-Key": "upgrade-0", **terminal("alder", upgraded.facts["shops"]["alder"]["device"])}

        answer = APIClient().post("/api/v1/orders", body, format="json", headers=headers)

        assert (answer.status_code, answer.json()["id"]) == (201, str(first.id))
        assert Order.objects.count() == orders


def test_webhook_secrets_are_readable_and_endpoints_keep_their_versions(upgraded: Upgraded) -> None:
    with in_tenant(shop("alder")):
        for endpoint_id, secrets in upgraded.facts["shops"]["alder"]["secrets"].items():
            stored = WebhookSecret.objects.filter(endpoint_id=endpoint_id).order_by("created_at")
            assert {unsealed(row.sealed) for row in stored} == set(secrets)
        assert pins_of_tenant() == {"pos.return_completed": 1}
        busy = WebhookEndpoint.objects.get(url__endswith="/busy").pins
        quiet = WebhookEndpoint.objects.get(url__endswith="/quiet").pins
        assert (busy["pos.order_completed"], busy["pos.return_completed"], busy["payments.payment_failed"]) == (1, 1, 2)
        assert quiet == {"payments.payment_failed": 1, "payments.payment_completed": 1}
        assert WebhookEndpoint.objects.get(url__endswith="/gone").pins == {}


def test_deliveries_go_on_where_they_stopped_each_once_and_in_order(
    upgraded: Upgraded, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[UUID, str]] = []

    def answered(endpoint: WebhookEndpoint, message_id: str, _body: bytes) -> Answer:
        called.append((endpoint.id, message_id))
        return Answer(status=204, milliseconds=1)

    monkeypatch.setattr(sending, "post_signed", answered)
    with in_tenant(shop("alder")):
        busy = WebhookEndpoint.objects.get(url__endswith="/busy")
        arrived = set(WebhookDelivery.objects.filter(state="DELIVERED").values_list("event_id", flat=True))
        parked_before = WebhookDelivery.objects.filter(endpoint=busy, state="PARKED").count()

        work()
        attempts = WebhookAttempt.objects.count()
        work()

        assert WebhookAttempt.objects.count() == attempts
        assert len(called) == len(set(called)) > 30
        assert {endpoint for endpoint, _ in called} == {busy.id}
        assert {UUID(message) for _, message in called} & arrived == set()
        positions = dict(Event.objects.values_list("event_id", "position"))
        streams = dict(Event.objects.values_list("event_id", "stream"))
        ordered = [(streams[UUID(message)], positions[UUID(message)]) for _, message in called]
        for stream in {stream for stream, _ in ordered}:
            sent = [position for of, position in ordered if of == stream]
            assert sent == sorted(sent)
        states = Counter(WebhookDelivery.objects.filter(endpoint=busy).values_list("state", flat=True))
        assert (parked_before, states["PARKED"], states["SKIPPED"], states["SENDING"]) == (1, 1, 1, 0)
        assert not WebhookDelivery.objects.filter(endpoint__url__endswith="/gone").exists()


def test_stored_events_of_older_versions_are_read_as_the_newest(upgraded: Upgraded) -> None:
    with in_tenant(shop("birch")):
        older = Event.objects.get(type="payments.payment_failed", version=1)
        stored = read_at("birch", older.position)

        event: Any = decode(stored.envelope.type, stored.envelope.version, stored.data)

        assert event.outcome == "DECLINED"


def test_a_month_that_was_archived_but_not_dropped_is_dropped_and_can_be_verified(upgraded: Upgraded) -> None:
    work()

    with in_public_schema():
        done = retain(before=datetime(2026, 10, 1, tzinfo=UTC))

    assert [(month.month, month.dropped, month.kept_because) for month in done] == [("2026_09", True, "")]
    assert "broken=0" in verified().splitlines()[-1]


def test_the_log_goes_on_where_it_was(upgraded: Upgraded) -> None:
    newest = {name: head(name) for name in SHOPS}

    work()

    for name in ("alder", "birch"):
        positions = Event.objects.filter(tenant_id=name, position__gt=newest[name]).order_by("position")
        assert list(positions.values_list("position", flat=True)) == list(range(newest[name] + 1, head(name) + 1))
        assert head(name) > newest[name]


def drained(subscriber: str) -> None:
    while drain(subscriber):
        pass


def lagging(name: str) -> dict[str, int]:
    """Return the cursors of the subscribers that have not come to the head of a shop's log."""
    behind = Subscription.objects.filter(tenant_id=name, cursor__lt=head(name))
    return dict(behind.values_list("subscriber", "cursor"))


def skus(name: str, subscriber: str, *states: str) -> list[str]:
    with in_public_schema():
        found = ParkedEvent.objects.filter(tenant_id=name, subscriber=subscriber, state__in=states)
        positions = found.order_by("position").values_list("position", flat=True)
        return [Event.objects.get(tenant_id=name, position=position).data["sku"] for position in positions]


def fingerprint(subscriber: str) -> str:
    return ParkedEvent.objects.get(subscriber=subscriber, state="DEAD").fingerprint


def intents(card_token: str, state: str) -> set[UUID]:
    return set(PaymentIntent.objects.filter(card_token=card_token, state=state).values_list("id", flat=True))


def get(name: str, path: str, token: str) -> Any:
    return APIClient().get(f"/api/v1{path}", headers=terminal(name, token))


def terminal(name: str, token: str) -> dict[str, str]:
    return {"Host": f"{name}.localhost", "Authorization": f"Bearer {token}"}


def _moved(what: str) -> str:
    for old, new in MOVED.items():
        what = what.replace(old, new)
    return what
