"""Subscribing: the decorator for handlers, and what a handler is given."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict, TypeVar, Unpack, overload

from events.event import Event, type_of_class
from events.log.envelope import AnyDelivery, Delivery
from events.subscriptions.queues import Queue
from events.subscriptions.registry import Backoff, Subscriber, register

__all__ = ["AnyDelivery", "Backoff", "Delivery", "Queue", "subscriber"]

A = TypeVar("A", bound=Event)
B = TypeVar("B", bound=Event)
C = TypeVar("C", bound=Event)
R = TypeVar("R")

Each = Callable[[A, Delivery[A]], R]
"""A handler that is called once for each event."""
Batch = Callable[[Sequence[Delivery[A]]], R]
"""A handler that is given events in a list, in order."""


class Options(TypedDict, total=False):
    """What `subscriber` takes beside the name and the events; each is explained at `Subscriber`."""

    batch_size: int
    queue: Queue
    backoff: Backoff
    permanent: tuple[type[Exception], ...]
    unordered: bool
    platform: bool
    from_beginning: bool
    on_demand: bool
    projection: tuple[str, ...]
    renamed_from: str | tuple[str, ...]


@overload
def subscriber(
    name: str, first: type[A], /, *, batch: Literal[False] = False, **options: Unpack[Options]
) -> Callable[[Each[A, None]], Each[A, None]]: ...
@overload
def subscriber(
    name: str, first: type[A], second: type[B], /, *, batch: Literal[False] = False, **options: Unpack[Options]
) -> Callable[[Each[A | B, None]], Each[A | B, None]]: ...
@overload
def subscriber(
    name: str,
    first: type[A],
    second: type[B],
    third: type[C],
    /,
    *,
    batch: Literal[False] = False,
    **options: Unpack[Options],
) -> Callable[[Each[A | B | C, None]], Each[A | B | C, None]]: ...
@overload
def subscriber(
    name: str,
    first: type[Event],
    second: type[Event],
    third: type[Event],
    fourth: type[Event],
    /,
    *more: type[Event],
    batch: Literal[False] = False,
    **options: Unpack[Options],
) -> Callable[[Each[Any, None]], Each[Any, None]]: ...
@overload
def subscriber(
    name: str, first: type[A], /, *, batch: Literal[True], **options: Unpack[Options]
) -> Callable[[Batch[A, None]], Batch[A, None]]: ...
@overload
def subscriber(
    name: str, first: type[A], second: type[B], /, *, batch: Literal[True], **options: Unpack[Options]
) -> Callable[[Batch[A | B, None]], Batch[A | B, None]]: ...
@overload
def subscriber(
    name: str, /, *events: type[Event], batch: Literal[True], **options: Unpack[Options]
) -> Callable[[Batch[Any, None]], Batch[Any, None]]: ...
def subscriber(name: str, /, *events: type[Event], batch: bool = False, **options: Unpack[Options]) -> Any:
    """Subscribe a function: `(event, delivery)`, or `(deliveries)` with `batch=True`.

    :raises TypeError: when another subscriber has the name, or when a call of the function would do nothing.
    :raises EventInvalid: when a class is not declared as an event.
    """

    def subscribe(handler: Callable[..., None]) -> Callable[..., None]:
        types = frozenset(type_of_class(event).name for event in events)
        register(Subscriber(name=name, types=types, handler=handler, batch=batch, **options))
        return handler

    return subscribe
