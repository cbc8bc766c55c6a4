"""The bus of this process: what was committed here, and what other processes said that every process must hear."""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, connection

from events.bus import EventBus
from events.event import EventUnreadable, decode
from events.instruments import MIDDLEWARE
from events.log import head, read
from kernel.tenancy import current_tenant, in_public_schema

logger = structlog.get_logger(__name__)

FOLLOW_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class LogGrew:
    """Something was committed to a tenant's log by this process."""

    tenant_id: str


bus = EventBus(MIDDLEWARE)


def forget_threads() -> None:
    """After a fork: threads do not come along, so the bus starts its own when it needs them."""
    bus._loop = bus._pool = None  # noqa: SLF001 - the bus is this module's
    bus._lock = threading.Lock()  # noqa: SLF001


os.register_at_fork(after_in_child=forget_threads)


def announce(events: Iterable[object], tenant_id: str) -> None:
    """Let this process's listeners react to what has just been committed; never raises for them."""
    for event in events:
        bus.publish(event, tenant_id=tenant_id)
    bus.publish(LogGrew(tenant_id=tenant_id), tenant_id=tenant_id)


class Follower(threading.Thread):
    """Reads what is said on the platform's log, by whatever process, and lets this process's listeners hear it.

    It starts at the head: what was said before, a new process need not forget.
    """

    def __init__(self, *types: str, seconds: float = FOLLOW_SECONDS) -> None:
        super().__init__(name="platform-follower", daemon=True)
        self.types = frozenset(types)
        self.seconds = seconds
        self.position: int | None = None
        self.stopped = threading.Event()

    def run(self) -> None:
        while True:
            try:
                self.follow()
            except DatabaseError as error:
                logger.warning("platform_not_followed", error=f"{type(error).__name__}: {error}")
                connection.close()
            if self.stopped.wait(self.seconds):
                return

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
