"""The bus of this process: what was committed here, and what every process must hear from the others."""

import inspect
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog
from asgiref.sync import async_to_sync
from django.db import close_old_connections, connection
from django_tenants.utils import get_public_schema_name

from events.bus.bus import AnyListener, EventBus, Outcome
from events.event import EventUnreadable, decode
from events.log.log import head, read
from events.observability import metrics
from events.observability.instruments import MIDDLEWARE
from events.observability.middleware import Reaction
from kernel.tenancy import TenantRefused, current_tenant, find_furnished_tenant, in_public_schema, in_tenant

logger = structlog.get_logger(__name__)

FOLLOW_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
LEAVING_SECONDS = 10.0
"""How long a process that ends waits for its listeners."""


@dataclass(frozen=True, kw_only=True)
class LogGrew:
    """Something was committed to a tenant's log by this process."""

    tenant_id: str


class TenantBus(EventBus):
    """A bus whose listeners work in the schema of their event's tenant; those of a tenant that is gone are skipped.

    An async listener has a thread too: what it awaits of the database runs in that thread, hence in the same schema.
    """

    def _call(self, listener: AnyListener, reaction: Reaction) -> None:
        if isinstance(reaction.event, LogGrew):
            super()._call(listener, reaction)
            return
        close_old_connections()
        try:
            if reaction.tenant_id in {"", get_public_schema_name()}:
                with in_public_schema():
                    super()._call(listener, reaction)
                return
            try:
                tenant = find_furnished_tenant(reaction.tenant_id)
            except TenantRefused as refused:
                logger.warning("listener_skipped", listener=reaction.listener, reason=refused.detail)
                return
            with in_tenant(tenant):
                super()._call(listener, reaction)
        finally:
            close_old_connections()

    async def _react(self, listener: AnyListener, event: object, tenant_id: str) -> Outcome:
        if inspect.iscoroutinefunction(listener):
            listener = _named_after(listener)
        return await super()._react(listener, event, tenant_id)


def _named_after(listener: AnyListener) -> AnyListener:
    """Make a plain listener of an async one."""

    def run(event: object) -> None:
        async_to_sync(listener)(event)  # type: ignore[arg-type]

    run.__module__, run.__qualname__ = listener.__module__, listener.__qualname__
    return run


bus = TenantBus(MIDDLEWARE)


def forget_threads() -> None:
    """After a fork: threads do not come along, so the bus starts its own when it needs them."""
    bus._loop = bus._pool = None  # noqa: SLF001 - the bus is this module's
    bus._under_way = set()  # noqa: SLF001
    bus._lock = threading.Lock()  # noqa: SLF001


os.register_at_fork(after_in_child=forget_threads)


def wait_at_exit() -> None:
    """Let the listeners of a process that ends react to what it has committed, for a bounded time."""
    if not bus.settle(seconds=LEAVING_SECONDS):
        logger.warning("listeners_not_waited_for", seconds=LEAVING_SECONDS)


# `atexit` comes too late: by then the pool's threads no longer take new work. What is registered here runs
# before that, because concurrent.futures has registered itself earlier.
threading._register_atexit(wait_at_exit)  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way


def announce(events: Iterable[object], tenant_id: str) -> None:
    """Let this process's listeners react to what has just been committed; never raises for them."""
    for event in events:
        bus.publish(event, tenant_id=tenant_id)
    bus.publish(LogGrew(tenant_id=tenant_id), tenant_id=tenant_id)


class Follower(threading.Thread):
    """Reads the events on the platform's log, from any process, and lets this process's listeners hear it.

    It starts at the head: a new process has nothing to forget from before.
    """

    def __init__(self, *types: str, seconds: float = FOLLOW_SECONDS) -> None:
        super().__init__(name="platform-follower", daemon=True)
        self.types = frozenset(types)
        self.seconds = seconds
        self.position: int | None = None
        self.stopped = threading.Event()

    def run(self) -> None:
        failures = 0
        while True:
            failures = self._follow(failures)
            if self.stopped.wait(min(LONGEST_PAUSE_SECONDS, self.seconds * 2.0 ** min(failures, 10))):
                return

    def _follow(self, failures: int) -> int:
        """Look once, whatever happens; return how many looks in a row have failed."""
        try:
            self.follow()
        except Exception as error:  # noqa: BLE001 - the thread lives as long as its process
            metrics.follower_failures.inc()
            logger.warning("platform_not_followed", error=f"{type(error).__name__}: {error}", failures=failures + 1)
            with suppress(Exception):
                connection.close()
            return failures + 1
        return 0

    def follow(self) -> int:
        """Hear what is new; return how many events that were."""
        heard = 0
        with in_public_schema():
            tenant_id = current_tenant()
            if self.position is None:
                self.position = head(tenant_id)
            page = read(tenant_id, after=self.position, types=self.types, limit=500)
        for stored in page.events:
            try:
                event = decode(stored.envelope.type, stored.envelope.version, stored.data)
            except EventUnreadable as error:
                logger.warning("event_unreadable", position=stored.envelope.position, error=str(error))
                continue
            bus.publish(event, tenant_id=tenant_id)
            heard += 1
        self.position = page.reached
        return heard
