"""What `publish` accepts can be stored and read again: case C13."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from events import event as registry
from events.event import DEEPEST_EVENT, Category, EventInvalid, decode, event
from events.log.causes import Cause, caused_by
from events.log.log import read_at
from events.publishing.publish import LONGEST_STREAM, publish
from events.publishing.unit_of_work import unit_of_work
from events.testing.work import names, published
from kernel.ids import new_id
from tenants.events import TenantSuspended
from tenants.models import Tenant
from tests.support.unchanged import nothing_happened

NAME = "tests.payload"


@pytest.fixture
def payload() -> Iterator[Any]:
    @event(NAME, category=Category.DOMAIN, stream="payload:{name}")
    class Payload:
        name: str = "x"
        number: int = 0
        real: float = 0.0
        maybe: float | None = None
        moment: datetime | None = None
        extra: dict[str, Any] | None = None
        several: list[float | None] | None = None

    yield Payload
    declared = registry._types.pop(NAME)
    registry._types_by_class.pop(declared.cls)
    registry._decoders.pop(NAME)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


UNSTORABLE = {
    "NUL": {"name": "a\0b"},
    "NUL deep inside": {"extra": {"a": [{"b": "\0"}]}},
    "NUL in a key": {"extra": {"a\0": 1}},
    "NUL beside a backslash": {"name": "\\\0"},
    "half of a surrogate pair": {"name": "\ud800"},
    "half of a surrogate pair deep inside": {"extra": {"a": ["\udfff"]}},
    "NaN": {"real": float("nan")},
    "infinity where null is allowed": {"maybe": float("inf")},
    "NaN in a list": {"several": [1.0, float("nan")]},
    "NaN where anything is allowed": {"extra": {"a": {"b": [float("-inf")]}}},
    "an integer of 5,000 digits": {"number": 10**5000},
    "an integer beyond what text may hold": {"extra": {"a": 10**5000}},
    "too deep": {"extra": nested(DEEPEST_EVENT)},
    "far too deep": {"extra": nested(5_000)},
    "a long name of a stream": {"name": "x" * LONGEST_STREAM},
    "a long name of a stream in few letters": {"name": "ä" * (LONGEST_STREAM // 2)},
}


@pytest.mark.parametrize("fields", UNSTORABLE.values(), ids=UNSTORABLE.keys())
def test_c13_what_cannot_be_stored_is_refused_by_publish_and_the_unit_goes_on(
    committed: Tenant, payload: Any, fields: dict[str, Any]
) -> None:
    with unit_of_work():
        with pytest.raises(EventInvalid):
            publish(payload(**fields))
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="after"))

    assert names() == ["tenants.tenant_suspended"]


STORABLE = {
    "text that looks like NUL": {"name": "\\u0000"},
    "text of backslashes": {"name": "\\\\u0000\\"},
    "a large integer": {"number": 2**63},
    "a very large integer": {"number": 2**200, "extra": {"a": -(2**200)}},
    "the largest float": {"real": 1.7976931348623157e308},
    "the smallest float": {"real": 5e-324},
    "null beside finite numbers": {"maybe": None, "real": 1.5, "several": [None, 2.5]},
    "as deep as allowed": {"extra": nested((DEEPEST_EVENT - 2) // 2)},
    "many lists side by side": {"extra": {"a": [[]] * 1000}},
    "emoji": {"name": "🧾 ☕"},
    "a moment at the end of time": {"moment": datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5)))},
}


@pytest.mark.parametrize("fields", STORABLE.values(), ids=STORABLE.keys())
def test_c13_what_publish_accepts_is_read_as_it_was(committed: Tenant, payload: Any, fields: dict[str, Any]) -> None:
    said = payload(**fields)

    with unit_of_work():
        publish(said)

    stored = read_at("north", 1)
    assert decode(NAME, 1, stored.data) == said


@pytest.mark.parametrize("around", [{"actor": "user:a\0b"}, {"actor": "user:\ud800"}, {"traceparent": "00-\0"}])
def test_c13_what_stands_around_an_event_is_checked_too(committed: Tenant, around: dict[str, str]) -> None:
    with (
        nothing_happened(),
        caused_by(Cause(**around)),
        unit_of_work(),
        pytest.raises(EventInvalid, match=next(iter(around))),
    ):
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="a"))

    assert published() == []


@pytest.mark.parametrize(
    "occurred_at",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the case
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        "2026-01-01",
    ],
)
def test_c13_a_moment_that_is_none_is_refused(committed: Tenant, occurred_at: Any) -> None:
    with nothing_happened(), unit_of_work(), pytest.raises(EventInvalid, match="moment"):
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="a"), occurred_at=occurred_at)

    assert published() == []


def test_c13_the_first_moment_of_the_calendar_is_stored(committed: Tenant) -> None:
    with unit_of_work():
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="a"), occurred_at=datetime(1, 1, 1, tzinfo=UTC))

    assert read_at("north", 1).envelope.occurred_at == datetime(1, 1, 1, tzinfo=UTC)


def test_an_offset_with_seconds_is_the_same_moment_in_the_log(committed: Tenant) -> None:
    moment = datetime(1890, 5, 1, 12, tzinfo=timezone(timedelta(minutes=53, seconds=28)))

    with unit_of_work():
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name="a"), occurred_at=moment)

    assert read_at("north", 1).envelope.occurred_at == moment


ODD = "\"'\\ \n\t\x01 %s %(x)s $1 {} é 漢 🛒 \\u0000 </script>"


def test_whatever_text_can_be_stored_is_read_back_as_it_was(committed: Tenant) -> None:
    with caused_by(Cause(actor=ODD, traceparent=ODD)), unit_of_work():
        publish(TenantSuspended(tenant_uuid=new_id(), tenant_name=ODD))

    stored = read_at("north", 1)
    assert (stored.envelope.actor, stored.envelope.traceparent) == (ODD, ODD)
    assert decode("tenants.tenant_suspended", 1, stored.data).tenant_name == ODD
