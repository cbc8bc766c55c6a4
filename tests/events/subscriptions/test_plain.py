"""A function whose call does nothing is refused where it is declared: every event would count as applied."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from events.outgoing.calls import all_senders, register_sender
from events.subscribing import subscriber
from events.subscriptions.registry import forget_subscriber, known_subscriber
from integrations.bridges.subscribing import subscribe_bridge
from tenants.events import TenantSuspended
from tests.support.bridging import FakeBridge
from tests.support.sending import FakeSender

NAME = "tests.not_plain"


async def waits(*_heard: Any) -> None: ...


async def waits_and_yields(*_heard: Any) -> AsyncIterator[None]:
    yield


def yields(*_heard: Any) -> Iterator[None]:
    yield


class Waiting:
    async def __call__(self, *_heard: Any) -> None: ...

    async def hear(self, *_heard: Any) -> None: ...

    @staticmethod
    async def hear_alone(*_heard: Any) -> None: ...


class Plain:
    async def wait(self, *_heard: Any) -> None: ...

    def __call__(self, *_heard: Any) -> None: ...


NOT_PLAIN: list[tuple[Any, str]] = [
    (waits, "a coroutine function"),
    (waits_and_yields, "an asynchronous generator function"),
    (yields, "a generator function"),
    (partial(waits, 1), "a coroutine function"),
    (partial(partial(yields, 1), 2), "a generator function"),
    (Waiting(), "a coroutine function"),
    (partial(Waiting(), 1), "a coroutine function"),
    (Waiting().hear, "a coroutine function"),
    (Waiting.hear_alone, "a coroutine function"),
    (lambda *_heard: (yield), "a generator function"),
]


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(("handler", "kind"), NOT_PLAIN)
def test_a_handler_whose_call_does_nothing_is_refused(handler: Any, kind: str, batch: bool) -> None:
    with pytest.raises(TypeError, match=f"the handler of {NAME} is {kind}"):
        subscriber(NAME, TenantSuspended, batch=batch)(handler)

    assert known_subscriber(NAME) is None


@pytest.mark.parametrize("handler", [Plain(), partial(Plain(), 1), async_to_sync(waits), len, print])
def test_a_handler_that_does_its_work_is_taken(handler: Callable[..., None]) -> None:
    subscriber(NAME, TenantSuspended)(handler)
    forget_subscriber(NAME)


def test_a_bridge_and_a_sender_whose_call_does_nothing_are_refused() -> None:
    class WaitingBridge(FakeBridge):
        send = waits  # type: ignore[assignment]

    class WaitingSender(FakeSender):
        kind = "tests.waiting"
        record = yields  # type: ignore[assignment]

    with pytest.raises(TypeError, match="send of the bridge .* is a coroutine function"):
        subscribe_bridge(WaitingBridge(), TenantSuspended)
    with pytest.raises(TypeError, match=r"record of the sender tests\.waiting is a generator function"):
        register_sender(WaitingSender())

    assert "tests.waiting" not in {sender.kind for sender in all_senders()}
