"""C06 from end to end: an edited copy through a rename, a bridge, a retention, and archives of older code."""

import gzip
import json
from collections.abc import Iterator
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection

from events.event import Category
from events.models import Event, ProcessedEvent
from events.operations.dead_letters import letters
from events.operations.parked import publish_edited_copy
from events.subscribing import Backoff
from events.subscriptions.queries import feed
from events.subscriptions.registry import forget_subscriber
from events.testing.work import drain, settle
from integrations.models import WebhookEndpoint
from kernel.tenancy import in_public_schema
from pos.events import OrderCompleted
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support import make
from tests.support.ageing import OLD, age, retained, verified
from tests.support.bridging import FakeBridge, bridged, key
from tests.support.hooking import A, B, fail, states
from tests.support.recording import Recorder, Subscribe, parked, say
from tests.support.releases import Hearing, declares, release

ONE_ATTEMPT = Backoff(base=0.0, cap=0.0, attempts=1)
NEW = "tests.after_renaming"


def copied(name: str, position: int) -> UUID:
    """Publish what a subscriber could not apply once more, as it was: the cause is gone."""
    (letter,) = letters(subscriber=name, position=position)
    return publish_edited_copy(subscriber=name, position=position, data=letter.data, operator="user:ada", reason="r")


def fed() -> list[int]:
    events = feed(tenant_id="north", after=0, categories=list(Category), types=[], limit=100)
    return [event.envelope.position for event in events]


@pytest.mark.parametrize("when", ["before the copy is applied", "before the copy is published"])
def test_c06_a_copy_is_applied_once_by_a_subscriber_that_is_renamed_meanwhile(
    shop: Tenant, subscribe: Subscribe, when: str
) -> None:
    recorder, hearing = Recorder(), Hearing()
    recorder.failing = {"bad": 99}
    old = subscribe(recorder.record, TenantSuspended, backoff=ONE_ATTEMPT)
    say("bad")
    drain(old)
    if when == "before the copy is applied":
        copied(old, 1)

    with release(declares(NEW, hearing.hear, TenantSuspended, renamed_from=old), without=old):
        call_command("subscribe", stdout=StringIO())
        if when == "before the copy is published":
            copied(NEW, 1)
        say("good")
        while drain(NEW):
            pass

        assert hearing.positions == [2, 3]
        assert parked(NEW) == [(1, "DISCARDED")]
        assert fed() == [1, 3]
        verified()


def test_c06_a_copy_for_a_bridge_leaves_through_it_and_nowhere_else(endpoint: WebhookEndpoint) -> None:
    bridge, other = FakeBridge(), FakeBridge()
    other.name = "tests.other_bridge"
    try:
        forward, forward_other = bridged(bridge), bridged(other)
        bridge.refuses = {key(A)}
        fail(A, B)
        while forward():
            pass
        assert parked(bridge.name) == [(1, "DEAD")]
        bridge.refuses = set()

        event_id = copied(bridge.name, 1)
        fail(B)
        while forward() or forward_other():
            pass

        assert [message.key for message in bridge.sent] == [key(B), key(A), key(B)]
        assert bridge.sent[1].id == str(event_id)
        assert [message.key for message in other.sent] == [key(A), key(B), key(B)]
        assert fed() == [1, 2, 4]
        assert states(endpoint) == [(1, "PENDING"), (2, "PENDING"), (4, "PENDING")]
        assert parked(bridge.name) == [(1, "DISCARDED")]
        verified()
    finally:
        forget_subscriber(bridge.name)
        forget_subscriber(other.name)


class Ordering:
    """A subscriber of orders that could not apply the one order there is."""

    def __init__(self, subscribe: Subscribe) -> None:
        self.broken, self.applied = True, list[int]()
        make.variant()
        make.shift()
        self.name = subscribe(self.apply_order, OrderCompleted, backoff=ONE_ATTEMPT)
        make.order(make.cash(1000))
        settle()
        self.broken = False
        self.position = letters(subscriber=self.name)[0].position

    def apply_order(self, _event: OrderCompleted, delivery: Any) -> None:
        if self.broken:
            raise ValueError
        self.applied.append(delivery.envelope.position)


@pytest.fixture
def ordering(old_month: str, subscribe: Subscribe) -> Iterator[Ordering]:
    return Ordering(subscribe)


def test_c06_a_copy_that_its_subscriber_has_not_applied_keeps_its_month_and_nobody_else_does(
    ordering: Ordering,
) -> None:
    copied(ordering.name, ordering.position)
    settle(without=ordering.name)
    age()

    ((_, dropped, why),) = retained()
    assert (dropped, why.count("has yet to handle")) == (False, 1)
    assert f"{ordering.name} of north has yet to handle" in why

    settle()
    assert retained() == [(OLD, True, "")]
    verified()


def test_c06_a_subscriber_that_begins_after_its_month_was_dropped_does_not_hear_a_copy(
    ordering: Ordering, subscribe: Subscribe
) -> None:
    hearing = Hearing()
    copied(ordering.name, ordering.position)
    settle()
    age()
    assert retained() == [(OLD, True, "")]

    make.order(make.cash(1000))
    later = subscribe(hearing.hear, OrderCompleted, from_beginning=True)
    settle()

    (new,) = Event.objects.filter(type="pos.order_completed").values_list("position", flat=True)
    assert hearing.positions == [new]
    assert list(ProcessedEvent.objects.filter(subscriber=later).values_list("position", flat=True))[-1:] == [new]
    verified()


@pytest.mark.parametrize("known", [True, False])
def test_c06_archives_of_older_code_get_the_audience_from_what_was_recorded_about_the_copy(
    ordering: Ordering, archive: Path, known: bool
) -> None:
    """:param known: whether it was recorded; without it, nobody can tell the copy from an order that is completed twice."""
    copied(ordering.name, ordering.position)
    settle()
    age()
    assert retained() == [(OLD, True, "")]
    as_older_code_wrote_it(archive / f"events_event_{OLD}.jsonl.gz")
    if not known:
        with in_public_schema(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_operatoraction WHERE action = 'edited copy'")

    if known:
        verified()
    else:
        assert "completed orders = their events              BROKEN" in broken()


def as_older_code_wrote_it(path: Path) -> None:
    """Write an archive anew without audiences, and put it on record."""
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert any(row.pop("audience") for row in rows)
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), mtime=0))
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_archive SET bytes = %s, sha256 = %s WHERE path = %s",
            [path.stat().st_size, sha256(path.read_bytes()).hexdigest(), path.name],
        )


def broken() -> str:
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify", "--tenant", "north", stdout=out)
    return out.getvalue()
