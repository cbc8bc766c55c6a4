"""Two at once: work in a thread with a separate connection, and handlers that stop at a point until they may go on."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from events.subscribing import Delivery
from kernel.tenancy import in_tenant
from tenants.models import Tenant


class Aside:
    """Work that runs in a thread, in a tenant's schema; `error` is what it raised."""

    def __init__(self, tenant: Any, work: Callable[[], Any]) -> None:
        self.tenant, self.work = tenant, work
        self.result: Any = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            with in_tenant(self.tenant):
                self.result = self.work()
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()

    def join(self) -> Any:
        self.thread.join(30)
        assert not self.thread.is_alive(), "the other thread still waits"
        if self.error is not None:
            raise self.error
        return self.result


class Gate:
    """A point at which a handler stops until it may go on."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def stop(self) -> None:
        self.reached.set()
        assert self.open.wait(30), "nobody opened the gate"

    def wait(self) -> None:
        assert self.reached.wait(30), "nobody came to the gate"


def position_of(delivery: Delivery[Any]) -> int:
    return delivery.envelope.position


def in_thread(tenant: Tenant, work: object) -> threading.Thread:
    def run() -> None:
        try:
            with in_tenant(tenant):
                work()  # type: ignore[operator]
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
