"""Middleware: what happens around every reaction to an event, in this process's bus and in the drains alike.

A middleware is given the reaction and returns a context manager; the first one of a chain is the outermost.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """One listener, or subscriber, about to react.

    :param deliveries: what a subscriber is handed; empty on a bus, where there is nothing around the event.
    """

    listener: str
    event: Any
    tenant_id: str = ""
    deliveries: Sequence[Any] = ()


Middleware = Callable[[Reaction], AbstractContextManager[None]]


@contextmanager
def around(middleware: Sequence[Middleware], reaction: Reaction) -> Iterator[None]:
    """Go through a chain: in, in the order given, and out the other way round."""
    with ExitStack() as stack:
        for each in middleware:
            stack.enter_context(each(reaction))
        yield
