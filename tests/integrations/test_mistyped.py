"""A name that nothing has is refused, not answered with nothing: case C4."""

from typing import Any

import pytest

from events.contracts.pins import PinImpossible, pin_version, pins_of_tenant
from events.operations.parked import NotParked, retry_parked
from integrations.webhooks.endpoints import create_endpoint
from staff.services import issue_api_key
from tenants.models import Tenant
from tests.support.hooking import NOW
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened
from web.scopes import ALL_SCOPES

KNOWN = "inventory.know_variants"
PERIOD = {"since": "2026-11-23T00:00:00Z", "until": "2026-11-24T00:00:00Z"}


@pytest.fixture
def key(shop: Tenant) -> Terminal:  # noqa: ARG001
    return Terminal("north.localhost", issue_api_key(name="all", scopes=ALL_SCOPES))


def patch(key: Terminal, body: dict[str, Any]) -> Any:
    return key.client.patch("/api/v1/version-pins", body, format="json", headers=key.headers)


@pytest.mark.parametrize("path", ["/events", "/events/stream"])
@pytest.mark.parametrize("types", ["nope", "pos.order_completed,typo.x", "events.webhook_endpoint_paused.x"])
def test_c4_a_feed_of_a_type_that_there_is_not_is_refused(key: Terminal, path: str, types: str) -> None:
    with nothing_happened():
        answer = key.get(path, types=types)

    assert (answer.status_code, answer.json()["code"]) == (422, "types-unknown")


def test_c4_a_feed_of_types_that_there_are_is_read(key: Terminal) -> None:
    assert key.get("/events", types="pos.order_completed,pos.order_placed").status_code == 200
    assert key.get("/events", types="").status_code == 422


@pytest.mark.parametrize("more", [{"position": 999_999}, {"fingerprint": "typo"}])
def test_c4_a_retry_of_what_is_not_parked_is_refused(key: Terminal, more: dict[str, Any]) -> None:
    with nothing_happened():
        answer = key.post("/dead-letters/retry", {"subscriber": KNOWN, **more})

    assert (answer.status_code, answer.json()["code"]) == (409, "not-parked")
    with nothing_happened(), pytest.raises(NotParked):
        retry_parked(subscriber=KNOWN, operator="user:ada", **more)


def test_c4_a_retry_of_all_may_be_of_none(key: Terminal) -> None:
    answer = key.post("/dead-letters/retry", {"subscriber": KNOWN})

    assert (answer.status_code, answer.json()) == (200, {"count": 0})


@pytest.mark.parametrize(
    ("path", "query"), [("/dead-letters", {"subscriber": "typo"}), ("/undelivered-calls", {"kind": "typo"})]
)
def test_c4_a_list_of_what_there_is_not_is_refused(key: Terminal, path: str, query: dict[str, str]) -> None:
    with nothing_happened():
        answer = key.get(path, **query)

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_c4_a_list_of_what_there_is_may_be_empty(key: Terminal) -> None:
    assert key.get("/dead-letters", subscriber=KNOWN).json()["dead_letters"] == []
    assert key.get("/undelivered-calls", kind="payments.charge").json()["calls"] == []


def test_c4_a_replay_of_a_type_that_there_is_not_is_refused(key: Terminal) -> None:
    endpoint, _ = create_endpoint(url="https://example.com/hook", now=NOW)

    with nothing_happened():
        answer = key.post(f"/webhook-endpoints/{endpoint.id}/replay", {**PERIOD, "types": ["typo"]})

    assert (answer.status_code, answer.json()["code"]) == (422, "types-unknown")


@pytest.mark.parametrize("type_name", ["typo.x", "events.webhook_endpoint_paused"])
def test_c4_no_pin_is_lifted_from_what_cannot_be_pinned(key: Terminal, type_name: str) -> None:
    with nothing_happened():
        answer = patch(key, {"type": type_name, "version": None})

    assert (answer.status_code, answer.json()["code"]) == (422, "pin-impossible")
    with nothing_happened(), pytest.raises(PinImpossible):
        pin_version(type_name=type_name, version=None)


def test_c4_a_pin_is_lifted_and_lifted_again(key: Terminal) -> None:
    for version in (1, None, None):
        assert patch(key, {"type": "pos.return_completed", "version": version}).status_code == 204

    assert pins_of_tenant() == {}
