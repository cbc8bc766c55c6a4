"""Subscribers: who reacts to what, under which permanent name, on which queue."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any, Protocol

from events.subscriptions.plain import require_plain
from events.subscriptions.queues import Queue

CANARY = "events.canary_released"

_random = Random()  # noqa: S311 - jitter needs no secrecy


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Exponential backoff with full jitter (seconds): a random delay up to base * 2^(attempt - 1), at most the cap."""

    base: float = 1.0
    cap: float = 3600.0
    attempts: int = 10

    def delay(self, attempt: int, random: Random = _random) -> float:
        ceiling = min(self.cap, self.base * 2 ** min(attempt - 1, 40))
        return random.uniform(0, ceiling)


class Run(Protocol):
    """One run for a tenant: it works on what is pending, and returns how many events that were."""

    def run(self) -> int: ...


Forward = Callable[["Subscriber", str, Any], Run]
"""Makes a run for a tenant: `(subscriber, tenant_id, doorbells)`. The doorbells stand above this module."""


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A function that reacts to some event types.

    :param name: permanent; it names the cursor, the processed rows and the Celery task.
    :param batch: whether the handler gets a list of deliveries, in order, or is called once for each.
    :param batch_size: the most events that share one transaction.
    :param permanent: exceptions that no retry will heal.
    :param unordered: whether an event that failed lets its successors on the stream pass.
    :param platform: whether it listens to the platform's own log instead of the tenants'.
    :param from_beginning: whether it hears, when it is new, what a tenant's log already holds.
    :param on_demand: whether a tenant has it only when it asked for it.
    :param projection: the tables of the tenant's schema that are nothing but what the handler made of the log.
    :param renamed_from: names that it had in older releases; the release step moves what they have to this one.
    :param forward: makes a run that sends its events elsewhere, in place of a drain that calls the handler.
    """

    name: str
    types: frozenset[str]
    handler: Callable[..., None]
    batch: bool = False
    batch_size: int = 100
    queue: str = Queue.EVENTS
    backoff: Backoff = Backoff()
    permanent: tuple[type[Exception], ...] = ()
    unordered: bool = False
    platform: bool = False
    from_beginning: bool = False
    on_demand: bool = False
    projection: tuple[str, ...] = ()
    renamed_from: str | tuple[str, ...] = ()
    forward: "Forward | None" = None

    def __post_init__(self) -> None:
        require_plain(self.handler, f"the handler of {self.name}")

    @cached_property
    def heard(self) -> frozenset[str]:
        """The types that reach it: its own, and the canaries that the drain answers for it."""
        return self.types | {CANARY}

    @property
    def in_rounds(self) -> bool:
        """Whether it is drained with the others of its queue. Who waits for others' servers holds up nobody."""
        return self.forward is None

    @property
    def old_names(self) -> tuple[str, ...]:
        return (self.renamed_from,) if isinstance(self.renamed_from, str) else self.renamed_from


_subscribers: dict[str, Subscriber] = {}


def register(chosen: Subscriber) -> None:
    """Register a subscriber that is made otherwise than by the decorator.

    :raises TypeError: when another has its name.
    """
    if chosen.name in _subscribers:
        message = f"two subscribers are named {chosen.name}"
        raise TypeError(message)
    _subscribers[chosen.name] = chosen


def all_subscribers(*, platform: bool | None = None) -> list[Subscriber]:
    """List the subscribers in the order of their names; of the platform's log, of the tenants' logs, or of both."""
    chosen = (s for s in _subscribers.values() if platform is None or s.platform == platform)
    return sorted(chosen, key=lambda s: s.name)


def subscribers_of(types: Iterable[str], *, platform: bool) -> list[Subscriber]:
    wanted = frozenset(types)
    return [s for s in all_subscribers(platform=platform) if s.heard & wanted]


def find_subscriber(name: str) -> Subscriber:
    """:raises KeyError: when no subscriber has that name."""
    return _subscribers[name]


def known_subscriber(name: str) -> Subscriber | None:
    """Find a subscriber; None for one of another release, whose subscription is there all the same."""
    return _subscribers.get(name)


def renamed_subscribers() -> dict[str, str]:
    """Return the older names of this code's subscribers, each with the one of today.

    :raises TypeError: when an older name is still that of a subscriber, or of two.
    """
    renamed: dict[str, str] = {}
    for each in all_subscribers():
        for old in each.old_names:
            if old in _subscribers or old in renamed:
                message = f"{each.name} claims to be renamed from {old}, which is another subscriber's name"
                raise TypeError(message)
            renamed[old] = each.name
    return renamed


def forget_subscriber(name: str) -> None:
    """Take a subscriber out again; for tests that bring their own."""
    _subscribers.pop(name, None)
