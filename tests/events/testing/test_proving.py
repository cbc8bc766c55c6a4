"""Every subscriber of ours goes through the prover; and the prover catches those that are not idempotent."""

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from config.place import ROOT
from events.events import SubscriptionPaused, WebhookEndpointPaused
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Delivery
from events.subscriptions.registry import all_subscribers
from events.testing import NotIdempotent, prove_idempotent
from events.testing.work import settle
from integrations.webhooks.endpoints import QUEUEING, create_endpoint
from inventory.models import StockItem
from inventory.services import Source, StockMove, receive_goods
from kernel.ids import new_id
from kernel.tenancy import in_public_schema
from payments.gateways.gateway import Answer
from payments.gateways.simulator import SimulatedGateway
from pos.events import ReceiptRequested
from pos.models import Location, Variant
from tenants.events import TenantProvisioned, TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.processes import database_url
from tests.support.recording import Subscribe, say, write

PROVED_ALONE = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r'prove_idempotent\("([a-z_]+\.[a-z_]+)"', path.read_text())
    if path != Path(__file__)
}
"""Whoever adds a subscriber proves it in a test of its event, as `manage.py new_event` writes it."""
OURS = [
    s.name
    for s in all_subscribers(platform=False)
    if s.name.split(".")[0] not in {"tests", "bench", "faults"} and s.name not in PROVED_ALONE
]


def trade(*, without: str) -> None:
    """Let everything happen that a shop's subscribers hear of, and let all but one apply it."""
    with unit_of_work():
        publish(
            TenantProvisioned(
                tenant_uuid=new_id(),
                tenant_name="north",
                name="North",
                currency="EUR",
                timezone="UTC",
                owner_email="another@north.test",
            )
        )
        publish(ReceiptRequested(order_id=new_id(), receipt="R1-000001", recipient="old@example.test", text="Old"))
        publish(WebhookEndpointPaused(endpoint_id=new_id(), url="https://example.com/hook", reason="it is dead"))
        publish(SubscriptionPaused(subscriber=QUEUEING, operator="user:ada", reason="stocktaking"))
    if without == QUEUEING:
        create_endpoint(url="https://example.com/hook", now=make.NOW)
    make.variant()
    make.variant("TEA", 333)
    make.shift()
    settle(without=without)
    location_id = make.register().location_id
    if without != "inventory.know_variants":
        mug = StockMove(variant_id=Variant.objects.get(sku="MUG").id, quantity=Decimal(4), line=new_id())
        source = Source(type="goods_receipt", id=new_id(), location_id=location_id, occurred_at=make.NOW)
        receive_goods(source=source, moved=[mug])
        StockItem.objects.update(reorder_point=3)
    order = make.order(make.cash(2333), lines=[make.asked(quantity="2"), make.asked("TEA")], email="c@example.test")
    charged = make.order(make.card(1000))
    declined = make.order(make.card(1000, "tok_decline"))
    abandoned = make.order(make.card(500))
    settle(without=without)
    make.return_(order, make.returning(order), make.returning(order, restock=False, line=2))
    for given_up in (declined, abandoned):
        given_up.refresh_from_db()
        if given_up.status == "PLACED":
            make.void(given_up, reason="no money")
    make.order(make.cash(2000), lines=[make.asked(quantity="2")])
    settle(without=without)
    charged.refresh_from_db()
    if charged.status == "COMPLETED":
        make.return_(charged, make.returning(charged))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(SimulatedGateway, "refund", refuse)
            settle(without=without)


def refuse(_gateway: SimulatedGateway, **_asked: Any) -> Answer:
    return Answer(approved=False, reference="", reason="card expired")


@pytest.mark.parametrize("name", OURS)
def test_a_subscriber_of_ours_leaves_the_same_rows_however_it_is_run(committed: Tenant, name: str) -> None:
    trade(without=name)

    proof = prove_idempotent(name)

    assert proof.events > 0
    assert proof.crashes > 5
    assert "events_processedevent" in proof.tables


def test_one_that_commits_by_itself_is_caught_with_its_rows(committed: Tenant, subscribe: Subscribe) -> None:
    def write_behind_the_back(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        with psycopg.connect(database_url(), autocommit=True) as other:
            other.execute(
                "INSERT INTO north.pos_location (id, code, name, currency, timezone)"
                " SELECT gen_random_uuid(), 'L' || count(*), %s, 'EUR', 'UTC' FROM north.pos_location",
                [event.tenant_name],
            )

    name = subscribe(write_behind_the_back, TenantSuspended)
    say("twice")

    with pytest.raises(NotIdempotent, match=r"(?s)crash at statement .*pos_location: one too many .*twice") as caught:
        prove_idempotent(name)

    assert name in str(caught.value)


def test_one_of_lists_that_writes_a_row_for_each_list_is_caught(committed: Tenant, subscribe: Subscribe) -> None:
    def write_last(deliveries: Sequence[Delivery[TenantSuspended]]) -> None:
        write(deliveries[-1].event.tenant_name, deliveries[-1])

    name = subscribe(write_last, TenantSuspended, batch=True)
    say("a", "b")

    with pytest.raises(NotIdempotent, match=r"(?s)one event at a time.*pos_location: one too many .*1-a"):
        prove_idempotent(name)


def test_one_of_lists_that_names_the_last_event_as_the_cause_of_all_is_caught(
    committed: Tenant, subscribe: Subscribe
) -> None:
    def answer(deliveries: Sequence[Delivery[TenantSuspended]]) -> None:
        with unit_of_work():
            for delivery in deliveries:
                publish(SubscriptionPaused(subscriber=delivery.event.tenant_name, operator="", reason=""))

    name = subscribe(answer, TenantSuspended, batch=True)
    say("a", "b")

    with pytest.raises(NotIdempotent, match=r"(?s)one event at a time.*events_event: missing .*causation_id"):
        prove_idempotent(name)


def test_one_whose_effect_is_outside_the_database_is_caught(committed: Tenant, subscribe: Subscribe) -> None:
    mails: list[str] = []

    def mail(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        mails.append(event.tenant_name)
        write(event.tenant_name, delivery)

    name = subscribe(mail, TenantSuspended)
    say("a")
    seen = 0

    def new_mails() -> int:
        nonlocal seen
        new, seen = len(mails) - seen, len(mails)
        return new

    with pytest.raises(NotIdempotent, match=r"outside: 1 became 2"):
        prove_idempotent(name, outside=new_mails)


def test_a_good_one_is_proved_and_the_rows_are_brought_back(committed: Tenant, subscribe: Subscribe) -> None:
    def note(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
        write(event.tenant_name, delivery)

    name = subscribe(note, TenantSuspended)
    say("a", "b")

    proof = prove_idempotent(name)

    assert proof.events == 2
    assert proof.tables == ["pos_location", "events_processedevent"]
    assert Location.objects.count() == 1


def test_where_nothing_is_pending_nothing_is_proved(committed: Tenant, subscribe: Subscribe) -> None:
    with pytest.raises(ValueError, match="nothing pending"):
        prove_idempotent("pos.note_shelf_levels")


def test_the_platforms_subscriber_is_proved_too(committed: Tenant) -> None:
    from config.presence import announce_service

    announce_service("web")
    with in_public_schema():
        proof = prove_idempotent("events.catch_up_after_start")

    assert proof.events == 1
    assert connection.schema_name == "north"
