"""Subscribing a bridge: its events are forwarded, and no handler is called."""

from functools import partial

from events.event import type_of_class
from events.subscribing import Backoff
from events.subscriptions.plain import require_plain
from events.subscriptions.registry import Subscriber, register
from integrations.bridges.bridge import Bridge
from integrations.bridges.forwarding import Forward


def subscribe_bridge(bridge: Bridge, *events: type) -> None:
    """Subscribe a bridge to some events of every tenant, under its own name.

    :raises TypeError: when another subscriber has the name, or when a call of `send` would do nothing.
    """
    require_plain(bridge.send, f"send of the bridge {bridge.name}")
    register(
        Subscriber(
            name=bridge.name,
            types=frozenset(type_of_class(event).name for event in events),
            handler=_forwarded,
            forward=partial(Forward, bridge),
            batch_size=200,
            queue="bridges",
            backoff=Backoff(base=1.0, cap=60.0),
        )
    )


def _forwarded(*_arguments: object) -> None:
    raise AssertionError("a bridge has no handler: its events are forwarded")
