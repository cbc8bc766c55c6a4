"""The life of four shops, played through the services of the code at hand: everything that an upgrade must not lose.

alder sells and has every trouble there is; birch has pending events and a paused subscriber; cedar is suspended;
dogwood is closed. `make_dump.py` runs this with the code of one commit, so it uses its services and test helpers.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from events.contracts.pins import pin_version
from events.log.archives import write_archive
from events.maintenance.retention import retain
from events.maintenance.sweeper import make_partitions
from events.models import Outgoing, ParkedEvent
from events.operations.parked import discard_parked, publish_edited_copy, retry_parked
from events.operations.pausing import pause_subscription
from events.outgoing import calls
from events.outgoing.calls import send
from events.testing.work import drain, settle
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.webhooks import sending
from integrations.webhooks.deliveries import skip
from integrations.webhooks.endpoints import create_endpoint, delete_endpoint, pause_endpoint, rotate_secret
from integrations.webhooks.http import Answer
from inventory import subscribers as inventory_subscribers
from inventory.models import StockItem
from inventory.services import Source, StockMove, receive_goods
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant
from notifications.channels import mail
from payments.gateways.gateway import card_gateway
from payments.models import PaymentIntent
from payments.services import recording
from pos.models import Order, Variant
from staff.models import User
from staff.services import hire_owner, issue_api_key, revoke_api_key
from tenants.models import Tenant
from tenants.services import close_tenant, create_tenant, reactivate_tenant, suspend_tenant
from tests.support import make

KNOW = "inventory.know_variants"
TAKE = "inventory.take_sold_goods_from_stock"
SHELF = "pos.note_shelf_levels"
QUEUE = "events.queue_webhooks"
DROPPED, ARCHIVED = "2026_08", "2026_09"

Facts = dict[str, Any]


def live() -> Facts:
    """Let all of it happen; return what cannot be read from the database: tokens, keys and secrets."""
    facts: Facts = {}
    with in_public_schema():
        make_partitions()
        hire_owner(username="operator", password="a long secret")
    facts["alder"] = live_alder()
    facts["birch"] = live_birch()
    facts["cedar"] = live_cedar()
    close_tenant(tenant=opened("dogwood"))
    return facts


def live_alder() -> Facts:
    tenant = opened("alder")
    with in_tenant(tenant):
        facts = staffed()
        stocked("MUG", "TEA", "SOAP")
        make.order(make.cash(1000), lines=[make.asked("MUG")])
        settle()
        age("alder", DROPPED)
        make.order(make.cash(2000), lines=[make.asked("TEA", "2")], email="early@example.com")
        settle()
        age("alder", ARCHIVED)
    with in_public_schema():
        assert [month.dropped for month in retain(before=datetime(2026, 9, 1, tzinfo=UTC))] == [True]
        with transaction.atomic():
            for table in ("events_event", "events_processedevent"):
                write_archive(f"{table}_{ARCHIVED}")
    with in_tenant(tenant):
        facts["secrets"] = hooked()
        sell_over_api("alder", facts["device"])
        sell()
        charge()
        call_webhooks()
        fail()
    return facts


def live_birch() -> Facts:
    tenant = opened("birch")
    suspend_tenant(tenant=tenant)
    reactivate_tenant(tenant=tenant)
    with in_tenant(tenant):
        settle()
        facts = staffed()
        stocked("MUG")
        declined = make.order(make.card(1000, "tok_decline"))
        settle()
        write_as_version_1(declined)
        pause_subscription(subscriber=SHELF, operator="user:ada", reason="the shelves are being counted")
        for _ in range(3):
            make.order(make.cash(1000))
        settle(without=TAKE)
        make.order(make.cash(1000))
        make.order(make.card(1000))
    return facts


def live_cedar() -> Facts:
    tenant = opened("cedar")
    with in_tenant(tenant):
        facts = staffed()
        stocked("MUG")
        with failing(inventory_subscribers, "know_variant", lambda **said: said["sku"] == "BAD"):
            make.variant("BAD")
            exhaust(KNOW)
        make.order(make.card(1000))
        drain("payments.charge_cards")
        make.order(make.cash(1000), email="late@example.com")
    suspend_tenant(tenant=tenant)
    return facts


def opened(name: str) -> Tenant:
    tenant = create_tenant(name=name, title=name.title(), owner_email=f"owner@{name}.example.com")
    with in_tenant(tenant):
        settle()
    return tenant


def staffed() -> Facts:
    """Hire an owner and a cashier with grants of her own, pair devices, issue keys; return what is shown once."""
    owner = hire_owner(username="ada", password="a long secret")
    cashier = User.objects.create_user(username="grace", password="a long secret", is_staff=True)
    cashier.groups.add(Group.objects.get(name="cashier"))
    helpers = Group.objects.create(name="webhook helpers")
    codenames = ("change_webhookendpoint", "view_webhookdelivery", "view_stockitem", "change_message")
    helpers.permissions.add(*Permission.objects.filter(codename__in=codenames))
    cashier.groups.add(helpers)
    cashier.user_permissions.add(*Permission.objects.filter(codename__in=["view_parkedevent", "add_variant"]))
    location = make.register().location
    LogEntry.objects.create(
        user=owner,
        content_type=ContentType.objects.get_for_model(location),
        object_id=str(location.id),
        object_repr=str(location),
        action_flag=CHANGE,
        change_message=json.dumps([{"changed": {"fields": ["Name"]}}]),
    )
    device, token = make.device()
    revoked, _ = make.device()
    revoked.status = revoked.Status.REVOKED
    revoked.save()
    key = issue_api_key(name="books", scopes=["events:read", "webhooks:write"])
    issue_api_key(name="old books", scopes=["events:read"])
    revoke_api_key(name="old books")
    return {"device": token, "device_id": str(device.id), "api_key": key}


def stocked(*skus: str) -> None:
    for sku in skus:
        make.variant(sku)
    make.shift()
    settle()
    for sku in skus:
        received = StockMove(variant_id=Variant.objects.get(sku=sku).id, quantity=5, line=new_id())  # type: ignore[arg-type]
        location = make.register().location_id
        source = Source(type="goods_receipt", id=new_id(), location_id=location, occurred_at=make.NOW)
        receive_goods(source=source, moved=[received])
    StockItem.objects.update(reorder_point=3)
    settle()


def sell() -> None:
    """Orders completed, voided and open; returns; mails that were sent, refused and queued."""
    whole = make.order(make.cash(3000), lines=[make.asked("MUG", "3")], email="whole@example.com")
    settle()
    make.return_(whole, make.returning(whole))
    voided = make.order(lines=[make.asked("SOAP")])
    make.void(voided, reason="the customer left")
    make.order(make.cash(400), lines=[make.asked("SOAP")])
    settle()
    make.order(make.cash(1000), lines=[make.asked("TEA")], email="refused@example.com")

    def refuse(message: Any) -> bool:
        raise SMTPRecipientsRefused({"refused@example.com": (550, b"no such mailbox")})

    with replaced(mail.EmailMessage, "send", refuse):
        settle()
    make.order(make.cash(1000), lines=[make.asked("TEA")], email="queued@example.com")
    apply_all()


def sell_over_api(shop: str, token: str) -> None:
    """Orders with Idempotency-Keys, whose answers are kept."""
    client = APIClient(headers={"Host": f"{shop}.localhost", "Authorization": f"Bearer {token}"})
    for number in range(2):
        body = {
            "id": str(new_id()),
            "occurred_at": "2026-11-23T12:00:00Z",
            "lines": [{"sku": "MUG", "quantity": "1"}],
            "tenders": [{"type": "cash", "amount": {"amount": 1000}}],
        }
        answer = client.post("/api/v1/orders", body, format="json", headers={"Idempotency-Key": f"upgrade-{number}"})
        assert answer.status_code == 201, answer.content
    settle()


def charge() -> None:
    """Cards: captured, declined, without an answer for good, charged by a worker that died, not called yet."""
    captured = make.order(make.card(1000), lines=[make.asked("TEA")])
    make.order(make.card(1000, "tok_decline"), lines=[make.asked("TEA")])
    settle()
    make.order(make.card(1000, "tok_timeout"), lines=[make.asked("TEA")])
    apply_all()
    unknown = call_of("tok_timeout")
    while Outgoing.objects.get(id=unknown.id).state != "UNKNOWN":
        Outgoing.objects.filter(id=unknown.id).update(next_attempt_at=timezone.now())
        send(unknown.id)
    make.order(make.card(1000, "tok_late"), lines=[make.asked("TEA")])
    apply_all()
    dying = call_of("tok_late")
    calls._lease(dying.id)
    intent = PaymentIntent.objects.get(id=dying.key)
    card_gateway().charge(key=intent.id, amount=1000, currency="EUR", card_token="tok_approve")
    make.order(make.card(700), make.cash(300), lines=[make.asked("TEA")])
    make.return_(Order.objects.get(id=captured.id), make.returning(captured))
    apply_all()


def call_of(card_token: str) -> Outgoing:
    return Outgoing.objects.get(key=PaymentIntent.objects.get(card_token=card_token).id)


def hooked() -> dict[str, list[str]]:
    """Endpoints: rotated, pinned and paused, deleted; and a pin of the whole tenant. Returns their secrets."""
    now = timezone.now()
    busy, first = create_endpoint(url="https://hooks.example.com/busy", now=now, description="the book-keeping")
    second = rotate_secret(endpoint_id=busy.id, now=now)
    quiet, third = create_endpoint(
        url="https://hooks.example.com/quiet",
        now=now,
        types=["payments.payment_failed", "payments.payment_completed"],
        pins={"payments.payment_failed": 1},
    )
    gone, _ = create_endpoint(url="https://hooks.example.com/gone", now=now)
    pause_endpoint(endpoint_id=quiet.id, reason="under repair", now=now)
    settle()
    delete_endpoint(endpoint_id=gone.id, now=now)
    pin_version(type_name="pos.return_completed", version=1)
    return {str(busy.id): [first, second], str(quiet.id): [third]}


def call_webhooks() -> None:
    """Deliveries: arrived, skipped, parked after three days, in the middle of a call, and waiting."""
    apply_all()
    busy = WebhookEndpoint.objects.get(url__endswith="/busy")
    with replaced(sending, "post_signed", lambda *_: Answer(status=204, milliseconds=12)):
        for _ in range(4):
            sending.take_turn(busy.id, timezone.now())
            leased = sending._lease(busy.id, timezone.now())
            assert leased is not None
            sending._record(leased, sending._call(leased.delivery), timezone.now())
            sending.end_turn(busy.id, timezone.now())
    waiting = WebhookDelivery.objects.filter(endpoint=busy, state="PENDING").order_by("position")
    skip(delivery_id=waiting[0].id)
    leased = sending._lease(busy.id, timezone.now())
    assert leased is not None
    past = timezone.now() - timedelta(days=4)
    WebhookDelivery.objects.filter(id=leased.delivery.id).update(first_attempt_at=past)
    leased.delivery.first_attempt_at = past
    sending._record(leased, Answer(status=500, milliseconds=30, response="down"), timezone.now())
    assert sending._lease(busy.id, timezone.now()) is not None


def fail() -> None:
    """Events dead with waiting successors, discarded, replaced by edited copies, retried by hand, and retrying."""

    def bad(**said: Any) -> bool:
        return str(said.get("sku", "")).startswith("BAD")

    with failing(inventory_subscribers, "know_variant", bad):
        for sku in ("BAD-DEAD", "BAD-GONE", "BAD-COPY", "BAD-LATE-COPY", "BAD-AGAIN"):
            make.variant(sku)
        drain(KNOW)
        make.variant("BAD-DEAD", price=1100)
        make.variant("BAD-DEAD", price=1200)
        make.variant("BAD-GONE", price=1100)
        exhaust(KNOW)
        discard_parked(subscriber=KNOW, operator="user:ada", reason="never sold", position=parked_at("BAD-GONE"))
        edit("BAD-COPY")
        apply_all()
        edit("BAD-LATE-COPY")
        retry_parked(subscriber=KNOW, operator="user:ada", position=parked_at("BAD-AGAIN"))
        make.variant("BAD-RETRYING")
        drain(KNOW)
    make.variant("GOOD")

    with failing(recording, "record_payments", lambda **said: True):
        make.order(make.cash(1000), lines=[make.asked("TEA")])
        exhaust("payments.record_payments")


def parked_at(sku: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(position) FROM events_event JOIN events_parkedevent p USING (tenant_id, position)"
            " WHERE data->>'sku' = %s AND p.state = 'DEAD'",
            [sku],
        )
        return int(cursor.fetchone()[0])


def edit(sku: str) -> None:
    position = parked_at(sku)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM events_event WHERE tenant_id = 'alder' AND position = %s", [position])
        (stored,) = cursor.fetchone()
    data = json.loads(stored) if isinstance(stored, str) else stored
    publish_edited_copy(
        subscriber=KNOW, position=position, data={**data, "sku": f"FIXED-{sku}"}, operator="user:ada", reason="a typo"
    )


def apply_all() -> None:
    """Let subscribers apply everything; send nothing."""
    before = list(Outgoing.objects.filter(state="PENDING", attempts=0).values_list("id", flat=True))
    with replaced(calls, "_lease", lambda _id: None):
        settle()
    assert set(before) <= set(Outgoing.objects.filter(state="PENDING", attempts=0).values_list("id", flat=True))


def exhaust(name: str) -> None:
    """Let parked events of a subscriber fail until they are dead."""
    drain(name)
    retrying = ParkedEvent.objects.filter(subscriber=name, state="RETRYING")
    while retrying.exists():
        retrying.update(next_attempt_at=timezone.now())
        drain(name)


@contextmanager
def failing(module: Any, function: str, when: Callable[..., bool]) -> Iterator[None]:
    works = getattr(module, function)

    def fails(**said: Any) -> None:
        if when(**said):
            raise ValueError(f"{function} does not like it")
        works(**said)

    with replaced(module, function, fails):
        yield


@contextmanager
def replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, before)


def age(tenant: str, month: str) -> None:
    """Let what a shop has in its log in the current month have happened in another one."""
    year, number = month.split("_")
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("events_event", "events_processedevent"):
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS public.{table}_{month} PARTITION OF public.{table} FOR VALUES"
                f" FROM ('{year}-{number}-01 00:00+00') TO ('{year}-{int(number) + 1:02}-01 00:00+00')"
            )
            cursor.execute(
                f"CREATE TEMPORARY TABLE aging AS SELECT * FROM public.{table} WHERE tenant_id = '{tenant}'"
                " AND recorded_at > '2026-10-01'"
            )
            cursor.execute(
                f"UPDATE aging SET recorded_at = '{year}-{number}-15 12:00+00'::timestamptz + position * interval '1 s'"
            )
            cursor.execute(f"DELETE FROM public.{table} WHERE tenant_id = '{tenant}' AND recorded_at > '2026-10-01'")
            cursor.execute(f"INSERT INTO public.{table} SELECT * FROM aging")
            cursor.execute("DROP TABLE aging")


def write_as_version_1(order: Order) -> None:
    """Store a declined card as code of version 1 of its event would have; it has been applied already.

    The log refuses updates outside of maintenance, so the row is taken out and put back.
    """
    chosen = "tenant_id = 'birch' AND type = 'payments.payment_failed' AND data->>'order_id' = %s"
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE older AS SELECT * FROM events_event WHERE {chosen}", [str(order.id)])
        cursor.execute("UPDATE older SET version = 1, data = data - 'outcome'")
        assert cursor.rowcount == 1
        cursor.execute(f"DELETE FROM events_event WHERE {chosen}", [str(order.id)])
        cursor.execute("INSERT INTO events_event SELECT * FROM older")
        cursor.execute("DROP TABLE older")
