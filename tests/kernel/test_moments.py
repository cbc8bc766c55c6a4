"""One rule for moments from elsewhere: RFC 3339 with an offset, from 2000 to now and the clock tolerance (IN5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from integrations.webhooks.endpoints import create_endpoint
from kernel.ids import new_id
from kernel.moments import CLOCK_TOLERANCE, MomentInvalid, parse_moment, past_moment, read_moment
from pos.models import Order, Return
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.make import order_body
from tests.support.terminal import Terminal
from web.scopes import WEBHOOKS_WRITE

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WRONG = [
    "2026-11-23T12:00:00",
    "2026-11-23T12:00Z",
    "2026-11-23T12:00:00+0100",
    "2026-11-23",
    "20261123T120000Z",
    "2026-W48-1T12:00:00Z",
    "2026-02-30T12:00:00Z",
    "2026-11-23T12:00:00Z\n",
    "２026-11-23T12:00:00Z",
    "1790164800",
    "yesterday",
    "",
    "2026-11-23T12:00:0\ud800Z",
    "0001-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "2000-01-01T00:59:59+01:00",
]
NO_YEAR = ["9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+23:59"]
FUTURE = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59+23:59", "2027-12-23T12:00:00Z"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T12:00:00Z", NOW),
        ("2026-11-23t12:00:00z", NOW),
        ("2026-11-23T13:30:00.25+01:30", NOW + timedelta(milliseconds=250)),
        ("2026-11-23 12:05:00+00:00", NOW + CLOCK_TOLERANCE),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_in05_what_has_happened_is_read(text: str, moment: datetime) -> None:
    assert read_moment(text, now=NOW) == moment
    assert read_moment(text, now=NOW).tzinfo is UTC


@pytest.mark.parametrize("text", [*WRONG, *NO_YEAR, *FUTURE, "2026-11-23T12:05:01Z"])
def test_in05_what_is_no_moment_of_the_past_is_refused(text: str) -> None:
    with pytest.raises(MomentInvalid, match=r"RFC 3339|before 2000|in the future|not in a year"):
        read_moment(text, now=NOW)


def test_in05_the_end_of_a_period_may_be_to_come() -> None:
    assert parse_moment(FUTURE[0]).year == 9999
    assert parse_moment("2026-11-23T13:30:00+01:30").tzinfo is UTC


@pytest.mark.parametrize(("until", "status"), [*((text, 202) for text in FUTURE), *((text, 422) for text in NO_YEAR)])
def test_in05_the_end_of_a_replay_is_read_or_refused(shop: Tenant, until: str, status: int) -> None:  # noqa: ARG001
    endpoint, _ = create_endpoint(url="https://example.com/hook", now=NOW)
    key = Terminal("north.localhost", issue_api_key(name="all", scopes=[WEBHOOKS_WRITE]))

    answer = key.post(f"/webhook-endpoints/{endpoint.id}/replay", {"since": "2026-11-23T12:00:00Z", "until": until})

    assert answer.status_code == status, answer.content


def test_in05_a_moment_without_an_offset_is_none() -> None:
    with pytest.raises(MomentInvalid, match="offset"):
        past_moment(NOW.replace(tzinfo=None), now=NOW)


@pytest.mark.parametrize(
    "moment",
    [*(text for text in WRONG if text.isprintable()), *FUTURE, 1790164800, None, True, ["2026-11-23T12:00:00Z"]],
)
def test_in05_every_document_refuses_it_and_records_nothing(api: Terminal, moment: Any) -> None:
    variant = make.variant("MUG", 1000)
    make.shift()
    line = {"variant_id": str(variant.id), "quantity": "1"}
    documents = {
        "/orders": order_body(occurred_at=moment, tenders=[]),
        "/goods-receipts": {"id": str(new_id()), "occurred_at": moment, "lines": [line]},
        "/stock-adjustments": {"id": str(new_id()), "occurred_at": moment, "lines": [{**line, "reason": "found"}]},
    }

    for path, document in documents.items():
        answer = api.post(path, document)

        assert answer.status_code == 422, (path, answer.content)
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/occurred_at"]
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-11-23T12:00:00", 1790164800, None, True, ["2026-11-23T12:00:00Z"]]
)
def test_in05_a_return_refuses_what_is_no_moment(api: Terminal, moment: Any) -> None:
    """One that the till's clock has got wrong is dated by ours: see tests/pos/returns/test_clocks.py."""
    make.variant("MUG", 1000)
    make.shift()
    body = {"id": str(new_id()), "occurred_at": moment, "lines": [{"sku": "MUG", "quantity": "1"}]}

    answer = api.post("/returns", body)

    assert answer.status_code == 422, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/occurred_at"]
    assert Return.objects.count() == 0


def test_in05_every_moment_that_a_request_takes_follows_the_rule() -> None:
    document = SchemaGenerator(urlconf="config.urls", api_version="v1").get_schema(request=None, public=True)
    schemas = document["components"]["schemas"]
    asked = [
        (path, name, member)
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name, member in _members(content["schema"], schemas)
        if member.get("format") == "date-time"
    ]

    assert {name for _, name, _ in asked} >= {"occurred_at", "since", "until"}
    assert [(path, name) for path, name, member in asked if "RFC 3339" not in member.get("description", "")] == []


def _members(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for name, member in schema.get("properties", {}).items():
        yield name, member
        yield from _members(member, schemas)
    if "items" in schema:
        yield from _members(schema["items"], schemas)
