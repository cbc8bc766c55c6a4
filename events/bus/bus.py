"""The bus: typed listeners in one process, plain or async, each isolated from the others' failures.

For reactions that may be lost with the process: a local cache, a live page, a count. It needs no Django, no Celery and
no database, so that a service which wants only this can take it alone:

    bus = EventBus()

    @bus.on(OrderCompleted)
    async def show(order: OrderCompleted) -> None: ...

    bus.publish(OrderCompleted(...))            # from plain code: returns at once
    await bus.deliver(OrderCompleted(...))      # from async code: waits for the listeners
"""

import asyncio
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from events.observability.middleware import Middleware, Reaction, around

E = TypeVar("E")
Listener = Callable[[E], Awaitable[None] | None]
AnyListener = Callable[[Any], Awaitable[None] | None]

logger = logging.getLogger(__name__)


def name_of(listener: AnyListener) -> str:
    return f"{listener.__module__}.{getattr(listener, '__qualname__', type(listener).__qualname__)}"


class BusClosed(Exception):
    """The bus was closed: nothing can be published on it any more."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of one listener; `error` is what it raised."""

    listener: str
    error: Exception | None


class EventBus:
    """:param middleware: what goes around every listener, the outermost first. :param threads: for plain listeners."""

    def __init__(self, middleware: Sequence[Middleware] = (), *, threads: int = 4) -> None:
        self.middleware = tuple(middleware)
        self._listeners: dict[type, list[AnyListener]] = {}
        self._threads = threads
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False
        self._under_way: set[Future[list[Outcome]]] = set()

    def on(self, *types: type[E]) -> Callable[[Listener[E]], Listener[E]]:
        """Subscribe the decorated function to some types and their subclasses."""

        def subscribe(listener: Listener[E]) -> Listener[E]:
            for each in types:
                self.subscribe(each, listener)
            return listener

        return subscribe

    def subscribe(self, event_type: type[E], listener: Listener[E]) -> Callable[[], None]:
        """Let a listener hear a type and its subclasses; return what ends that."""
        with self._lock:
            self._listeners[event_type] = [*self._listeners.get(event_type, []), listener]
        return lambda: self._unsubscribe(event_type, listener)

    def hears(self, event_type: type) -> bool:
        return any(each in self._listeners for each in event_type.__mro__)

    def listeners_of(self, event_type: type) -> list[str]:
        """Return the names of what listens to a type, in the order in which they have subscribed."""
        return [name_of(listener) for listener in self._listeners_of(event_type)]

    async def deliver(self, event: object, *, tenant_id: str = "") -> list[Outcome]:
        """Let every listener react, at the same time, and wait for all of them."""
        listeners = self._listeners_of(type(event))
        return list(await asyncio.gather(*(self._react(listener, event, tenant_id) for listener in listeners)))

    def publish(self, event: object, *, tenant_id: str = "") -> "Future[list[Outcome]] | None":
        """Let every listener react in the bus's own threads, and return at once; None when nobody listens.

        :raises BusClosed: after `close`.
        """
        if self._closed:
            raise BusClosed
        if not self.hears(type(event)):
            return None
        reactions = asyncio.run_coroutine_threadsafe(self.deliver(event, tenant_id=tenant_id), self._running_loop())
        self._under_way.add(reactions)
        reactions.add_done_callback(self._under_way.discard)
        return reactions

    def settle(self, *, seconds: float) -> bool:
        """Wait for the reactions that are under way, and for those to what they publish; False when time is up.

        A process calls it before it ends: Python's threads take nothing new while the interpreter shuts down.
        """
        deadline = time.monotonic() + seconds
        while self._under_way:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            wait(list(self._under_way), timeout=left)
        return True

    def close(self) -> None:
        """Stop the bus's threads. Reactions under way are finished, nothing new is taken."""
        self._closed = True
        with self._lock:
            loop, self._loop = self._loop, None
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)

    async def _react(self, listener: AnyListener, event: object, tenant_id: str) -> Outcome:
        name = name_of(listener)
        reaction = Reaction(listener=name, event=event, tenant_id=tenant_id)
        try:
            if inspect.iscoroutinefunction(listener):
                with around(self.middleware, reaction):
                    await listener(event)
            else:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._executor(), self._call, listener, reaction)
        except Exception as error:
            logger.exception("listener_failed", extra={"listener": name, "event_type": type(event).__name__})
            return Outcome(listener=name, error=error)
        return Outcome(listener=name, error=None)

    def _call(self, listener: AnyListener, reaction: Reaction) -> None:
        with around(self.middleware, reaction):
            listener(reaction.event)

    def _listeners_of(self, event_type: type) -> list[AnyListener]:
        return [listener for each in event_type.__mro__ for listener in self._listeners.get(each, ())]

    def _unsubscribe(self, event_type: type, listener: AnyListener) -> None:
        with self._lock:
            left = [each for each in self._listeners.get(event_type, []) if each is not listener]
            if left:
                self._listeners[event_type] = left
            else:
                self._listeners.pop(event_type, None)

    def _executor(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="event-bus")
            return self._pool

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="event-bus-loop", daemon=True).start()
            return self._loop
