"""Versions: stored events of every age are read, outward ones can stay behind, incompatible changes do not pass."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.place import ROOT
from events import event as declarations
from events.contracts.schemas import SchemaBook, SchemaIncompatible, schema_of
from events.contracts.unreadable import unreadable
from events.event import (
    Category,
    EventType,
    EventUnreadable,
    all_types,
    decode,
    encode,
    event,
    find_type,
    type_of_class,
)
from events.subscribing import Delivery
from events.testing.work import drain
from events.versions import VersionUnreachable, can_downcast, can_upcast, downcaster, recast, upcaster
from kernel.tenancy import in_public_schema
from payments.events import PaymentFailed
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.golden import golden
from tests.support.recording import Recorder, Subscribe, parked, say

BOOK = SchemaBook(ROOT / "schemas")


def ours() -> list[EventType]:
    return [t for t in all_types() if t.name.split(".")[0] not in {"tests", "bench", "faults"}]


# What newer versions hold no more, because it is personal: older ones are served without it.
FORGOTTEN = {"recipient": {("notifications.receipt_sent", 1), ("notifications.alert_sent", 1)}}
EVERY_VERSION = [(t.name, version) for t in ours() for version in range(1, t.version + 1)]


@pytest.mark.parametrize(("name", "version"), EVERY_VERSION)
def test_a_golden_payload_of_every_version_is_read_as_the_newest(name: str, version: int) -> None:
    newest = find_type(name).version
    stored = golden(name, version)

    read = decode(name, version, json.dumps(stored))

    assert json.loads(encode(read)) == golden(name, newest)


@pytest.mark.parametrize(("name", "version"), EVERY_VERSION)
def test_the_newest_golden_payload_is_served_as_every_version(name: str, version: int) -> None:
    newest = find_type(name).version

    served = recast(name, golden(name, newest), version=newest, to=version)

    assert served == {
        **golden(name, version),
        **{field: "" for field in FORGOTTEN if (name, version) in FORGOTTEN[field]},
    }


@pytest.mark.parametrize(("name", "version"), EVERY_VERSION)
def test_golden_payloads_are_valid_against_their_committed_schemas(name: str, version: int) -> None:
    revisions = BOOK.revisions(name, version)

    assert revisions
    for schema in revisions:
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(golden(name, version), schema, format_checker=jsonschema.FormatChecker())


def test_at_least_two_events_have_evolved() -> None:
    assert {t.name for t in ours() if t.version > 1} >= {"pos.return_completed", "payments.payment_failed"}


def test_committed_schemas_are_those_of_the_code() -> None:
    assert list(BOOK.problems(ours())) == []


@pytest.fixture
def declare() -> Iterator[Callable[..., type]]:
    """Declare an event for one test."""
    before = dict(declarations._types)

    def bring(fields: dict[str, Any], *, version: int = 1, **defaults: Any) -> type:
        declarations._types.pop("tests.sold", None)
        cls = type("Sold", (), {"__annotations__": fields, **defaults})
        return event("tests.sold", category=Category.DOMAIN, stream="sale", version=version)(cls)

    yield bring
    declarations._types.clear()
    declarations._types.update(before)


def test_a_field_with_a_default_is_a_new_revision_of_the_same_version(
    tmp_path: Path, declare: Callable[..., type]
) -> None:
    book = SchemaBook(tmp_path)
    declare({"amount": int})
    book.write()

    sold = declare({"amount": int, "note": str}, note="")
    stale = [problem for problem in book.problems() if "tests.sold" in problem]
    book.write()

    assert len(stale) == 1
    assert "stale" in stale[0]
    assert len(book.revisions("tests.sold", 1)) == 2
    assert not [problem for problem in book.problems() if "tests.sold" in problem]
    assert decode("tests.sold", 1, '{"amount": 3}') == sold(amount=3, note="")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": str, "lines": list[int]}, "/amount was integer and is string"),
        ({"lines": list[int]}, "/amount was removed"),
        ({"amount": int, "lines": list[int], "till": str}, "/till was added without a default"),
        ({"amount": int, "lines": list[str]}, "/lines/- was integer and is string"),
        ({"amount": int | None, "lines": list[int]}, "/amount was integer and is ['anyOf']"),
        ({"amount": UUID, "lines": list[int]}, "/amount was integer and is uuid"),
    ],
)
def test_an_incompatible_change_needs_a_new_version(
    tmp_path: Path, declare: Callable[..., type], fields: dict[str, Any], said: str
) -> None:
    book = SchemaBook(tmp_path)
    declare({"amount": int, "lines": list[int]})
    book.write()
    before = (tmp_path / "tests.sold" / "v1.json").read_text()

    declare(fields)
    problems = [problem for problem in book.problems() if "tests.sold" in problem]

    assert problems
    assert said in problems[0]
    assert "version 2 and an upcaster from 1" in problems[0]
    with pytest.raises(SchemaIncompatible):
        book.write()
    assert (tmp_path / "tests.sold" / "v1.json").read_text() == before


def test_compatibility_is_held_against_every_earlier_revision(tmp_path: Path, declare: Callable[..., type]) -> None:
    book = SchemaBook(tmp_path)
    for fields, defaults in (({"a": int}, {}), ({"a": int, "b": str}, {"b": ""}), ({"a": int}, {})):
        cls = declare(fields, **defaults)
        problems = [problem for problem in book.problems() if "tests.sold" in problem]
        if cls.__annotations__ == {"a": int} and book.revisions("tests.sold", 1):
            assert any("/b was removed" in problem for problem in problems)
        else:
            book.write()


def test_a_new_version_needs_an_upcaster(tmp_path: Path, declare: Callable[..., type]) -> None:
    book = SchemaBook(tmp_path)
    declare({"amount": int})
    book.write()

    declare({"amount": str}, version=2)
    book.write()

    assert any("no upcasters from version 1 to 2" in problem for problem in book.problems())
    assert not can_upcast("tests.sold", 1, 2)
    assert not can_downcast("tests.sold", 2, 1)
    with pytest.raises(EventUnreadable, match="no step from version 1 to 2"):
        decode("tests.sold", 1, '{"amount": 3}')


def test_a_type_whose_class_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "tests.forgotten").mkdir()

    assert any(
        "tests.forgotten has schemas and is not declared" in problem for problem in SchemaBook(tmp_path).problems()
    )


def test_a_step_is_registered_once_and_a_missing_one_is_named() -> None:
    with pytest.raises(TypeError, match="two steps"):
        upcaster("pos.return_completed", version=2)(lambda data: data)
    with pytest.raises(TypeError, match="two steps"):
        downcaster("pos.return_completed", version=1)(lambda data: data)
    with pytest.raises(VersionUnreachable, match="from version 1 to 0"):
        recast("pos.return_completed", {"lines": []}, version=1, to=0)


def test_events_of_the_future_and_broken_ones_cannot_be_read() -> None:
    for version, data in ((3, "{}"), (1, "{}"), (1, '{"reason": 1}'), (2, "{}"), (1, "[]")):
        with pytest.raises(EventUnreadable):
            decode("payments.payment_failed", version, data)
    with pytest.raises(EventUnreadable, match="no event type"):
        decode("payments.paid_in_shells", 1, "{}")


def store(version: int, data: dict[str, Any], *, type_name: str = "payments.payment_failed") -> None:
    """Put an event into the log as another release wrote it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_event (tenant_id, position, event_id, type, version, category, stream, stream_version,
                occurred_at, recorded_at, correlation_id, actor, traceparent, data)
            SELECT 'north', 1 + coalesce(max(position), 0), gen_random_uuid(), %s, %s, 'INTEGRATION', 'tender:1',
                1 + coalesce(max(stream_version), 0), now(), now(), gen_random_uuid(), '', '', %s
            FROM events_event WHERE tenant_id = 'north'
            """,
            [type_name, version, json.dumps(data)],
        )


def test_a_stored_event_of_an_old_version_reaches_its_subscriber_as_the_newest(
    shop: Tenant, subscribe: Subscribe
) -> None:
    heard: list[PaymentFailed] = []

    def hear(failed: PaymentFailed, delivery: Delivery[PaymentFailed]) -> None:
        heard.append(failed)
        assert delivery.envelope.version == 1

    name = subscribe(hear, PaymentFailed)
    store(1, golden("payments.payment_failed", 1))

    assert drain(name) == 1
    assert heard[0].outcome == "DECLINED"


def test_an_event_that_cannot_be_upcast_is_dead_at_once_and_the_gate_says_so(
    shop: Tenant, recorder: Recorder, subscribe: Subscribe
) -> None:
    def hear(_failed: PaymentFailed, _delivery: Delivery[PaymentFailed]) -> None:
        raise AssertionError("it cannot be read")

    name = subscribe(hear, PaymentFailed)
    store(1, {"amount": 1})
    store(9, golden("payments.payment_failed", 2))
    store(1, {}, type_name="payments.forgotten")
    with in_public_schema():
        pending = unreadable()

    assert drain(name) == 0

    assert parked(name) == [(1, "DEAD")]
    assert [(found.version, found.count, found.positions) for found in pending] == [
        (1, 1, [1]),
        (9, 1, [2]),
    ]
    out = StringIO()
    with pytest.raises(CommandError, match="keep the old code"):
        call_command("deploy_gate", stdout=out)
    assert "payments.payment_failed version 9" in out.getvalue()


def test_the_gate_lets_pass_what_can_be_read(shop: Tenant, recorder: Recorder, subscribe: Subscribe) -> None:
    subscribe(recorder.record, TenantSuspended)
    say("a")
    store(1, golden("payments.payment_failed", 1))
    out = StringIO()

    call_command("deploy_gate", stdout=out)

    assert "can be read" in out.getvalue()


def test_schemas_are_written_and_checked_by_command(tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="has no committed schema"):
        call_command("schemas", "--check", "--folder", str(tmp_path))

    call_command("schemas", "--folder", str(tmp_path), stdout=out)

    assert "wrote the schema of pos.order_completed" in out.getvalue()
    assert schema_of(type_of_class(PaymentFailed))["title"] == "PaymentFailed"
