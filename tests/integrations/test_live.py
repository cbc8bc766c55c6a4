"""W9: a live feed looks at its principal, and at its shop, at each beat, also while events keep coming."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.api import live
from kernel.tenancy import in_public_schema
from pos.models import Device
from pos.registers.services import revoke_device
from staff.models import ApiKey
from staff.services import issue_api_key, revoke_api_key, rotate_api_key
from tenants.models import Tenant
from tests.support import make
from tests.support.terminal import Terminal
from web.scopes import EVENTS_READ

BEAT = b": still here\n\n"


@pytest.fixture(autouse=True)
def _beats_at_every_look(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LIVE_SECONDS = 20.0
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.0)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.01)


@pytest.fixture
def key(shop: Tenant) -> Terminal:
    return Terminal("north.localhost", issue_api_key(name="feed", scopes=[EVENTS_READ]))


def feed(principal: Terminal) -> Iterator[bytes]:
    """Open a feed and read up to its first beat."""
    lines = iter(principal.get("/events/stream"))
    assert next(lines) == b"retry: 1000\n\n"
    assert any(line.endswith(BEAT) for line in lines)
    return lines


def expire() -> None:
    ApiKey.objects.filter(name="feed").update(expires_at=make.NOW)


def suspend() -> None:
    with in_public_schema():
        Tenant.objects.filter(schema_name="north").update(status="SUSPENDED")


@pytest.mark.parametrize("end", [lambda: revoke_api_key(name="feed"), expire, suspend])
def test_w09_an_open_feed_ends_when_its_key_or_its_shop_does(key: Terminal, end: Callable[[], None]) -> None:
    lines = feed(key)
    assert next(lines).endswith(BEAT)

    end()

    assert list(lines) == []


def test_w09_an_open_feed_ends_when_its_device_is_revoked(api: Terminal) -> None:
    lines = feed(api)

    revoke_device(device_id=Device.objects.get().id)

    assert list(lines) == []


def test_w09_a_feed_ends_while_events_keep_coming(key: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live._Stream, "_read", lambda self: [b"id: 1\n\n"])
    lines = feed(key)
    assert next(lines) == b"id: 1\n\n"

    revoke_api_key(name="feed")

    assert list(lines) == []


def test_w09_a_feed_of_a_rotated_key_goes_on_until_the_overlap_ends(key: Terminal) -> None:
    lines = feed(key)

    rotate_api_key(name="feed")
    assert next(lines).endswith(BEAT)
    ApiKey.objects.filter(name="feed").update(previous_until=make.NOW)

    assert list(lines) == []


def test_a_beat_moves_the_id_on_to_the_end_of_the_log(key: Terminal) -> None:
    make.variant()
    lines = iter(key.get("/events/stream", types="pos.order_completed", after=0))

    assert next(lines) == b"retry: 1000\n\n"
    assert next(lines) == b"id: 1\n" + BEAT
    make.variant("TEA")
    assert b"id: 2\n" + BEAT in {next(lines), next(lines)}
    revoke_api_key(name="feed")
    assert list(lines) == []


def test_a_beat_leaves_out_nothing_that_came_before_it(key: Terminal) -> None:
    lines = feed(key)
    make.variant("TEA")

    received = b"".join(next(lines) for _ in range(3))
    revoke_api_key(name="feed")
    assert list(lines) == []

    assert received.count(b"event: pos.variant_changed") == 1
    assert received.index(b"event: pos.variant_changed") < received.index(b"id: 1\n" + BEAT)
