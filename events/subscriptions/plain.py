"""Plain functions: those that do their work while they are called. Of others, a call only gives something to run."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

_KINDS = {
    "a coroutine function": inspect.iscoroutinefunction,
    "an asynchronous generator function": inspect.isasyncgenfunction,
    "a generator function": inspect.isgeneratorfunction,
}


def require_plain(function: Callable[..., Any], what: str) -> None:
    """Let nothing be declared whose call would do nothing.

    :param what: names it in the error.
    :raises TypeError: when it is a coroutine, generator or asynchronous generator function, also inside a `partial` or
        as the `__call__` of an object.
    """
    while isinstance(function, partial):
        function = function.func
    for kind, is_kind in _KINDS.items():
        if is_kind(function) or is_kind(type(function).__call__):
            message = f"{what} is {kind}: a call of it does nothing. Write a plain function (async_to_sync makes one)"
            raise TypeError(message)
