"""The throttle of a device: one command to the broker, the right Retry-After, and no part of a sale without a broker."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings

from kernel.breaker import CircuitBreaker
from pos.models import Device
from tests.support.terminal import Terminal, terminal
from web import throttles
from web.throttles import Counter, DeviceThrottle


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeviceThrottle, "THROTTLE_RATES", {"device": "2/min"})


@pytest.fixture
def broker() -> Iterator["redis.Redis[bytes]"]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


def statuses(till: Terminal, times: int) -> list[int]:
    return [till.get("/orders").status_code for _ in range(times)]


def test_a_device_is_throttled_and_told_when_to_come_back(
    few: None, api: Terminal, broker: "redis.Redis[bytes]"
) -> None:
    assert statuses(api, 2) == [200, 200]
    key = f"throttle:north:{Device.objects.get().id}"
    assert 59_000 < broker.pttl(key) <= 60_000
    broker.pexpire(key, 41_500)

    answer = api.get("/orders")

    assert (answer.status_code, answer.json()["code"]) == (429, "rate-limited")
    assert answer.headers["Retry-After"] == "42"
    assert broker.pttl(key) <= 41_500
    broker.delete(key)
    assert statuses(api, 3) == [200, 200, 429]


def test_devices_are_counted_apart(few: None, api: Terminal) -> None:
    assert statuses(api, 3) == [200, 200, 429]

    assert statuses(terminal("north"), 3) == [200, 200, 429]


def test_a_count_that_would_never_end_is_given_an_end(few: None, api: Terminal, broker: "redis.Redis[bytes]") -> None:
    statuses(api, 1)
    key = f"throttle:north:{Device.objects.get().id}"
    broker.persist(key)

    statuses(api, 1)

    assert broker.pttl(key) > 0


def test_a_request_asks_the_broker_once(api: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, execute = [], redis.Redis.execute_command

    def note(client: Any, *command: Any, **options: Any) -> Any:
        asked.append(command[0])
        return execute(client, *command, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", note)

    assert statuses(api, 2) == [200, 200]
    assert asked == ["EVAL", "EVAL"]


def test_a_broker_that_is_away_throttles_nobody_and_is_asked_again_only_after_a_while(
    few: None, api: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, asked = [0.0], []
    counter = Counter()
    counter.breaker = CircuitBreaker(clock=lambda: now[0])

    class Away:
        def eval(self, *_: object) -> None:
            asked.append(now[0])
            raise redis.ConnectionError

    monkeypatch.setattr(counter, "_connected", Away)
    monkeypatch.setattr(throttles, "counter", counter)

    assert statuses(api, 4) == [200] * 4
    now[0] = 6.0
    assert statuses(api, 4) == [200] * 4
    assert asked == [0.0, 6.0]


def test_a_broker_that_comes_back_counts_again(few: None, api: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    counter = Counter()
    counter.breaker = CircuitBreaker(clock=lambda: now[0])
    monkeypatch.setattr(throttles, "counter", counter)
    counter.breaker.failed()

    assert statuses(api, 3) == [200] * 3
    now[0] = 6.0
    assert statuses(api, 3) == [200, 200, 429]
