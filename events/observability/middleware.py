"""Middleware: what happens around every reaction to an event, in this process's bus and in the drains alike.

A middleware is given the reaction and returns a context manager, or None when it has nothing to do around this one;
the first one of a chain is the outermost.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import msgspec


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """One listener, or subscriber, about to react.

    :param deliveries: what a subscriber is handed; empty on a bus, where there is nothing around the event.
    """

    listener: str
    event: Any
    tenant_id: str = ""
    deliveries: Sequence[Any] = ()


Middleware = Callable[[Reaction], AbstractContextManager[object] | None]


def around(middleware: Sequence[Middleware], reaction: Reaction) -> AbstractContextManager[object]:
    """Go through a chain: in now, in the order given, and out the other way round when the returned one ends."""
    with ExitStack() as stack:
        for each in middleware:
            if (manager := each(reaction)) is not None:
                stack.enter_context(manager)
        return stack.pop_all()
