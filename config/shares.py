"""Shares of a web process's threads: one tenant's requests hold a part of them, and never the last one.

It is decided before Django is asked, and so before anything waits for the database. Hosts that no tenant is known to
answer at share one part, until the first answer to each. Each probe has a separate part, and one more for who asks it
past the proxy: the operator's own probes do not wait for anybody else's. So have a tenant's live feeds, whose threads
mostly sleep.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from threading import Event, Lock
from time import monotonic

from prometheus_client import Counter as Metric

from config.spending import Spending
from config.turning_away import Application, Environ, StartResponse, turn_away
from tenants.hostnames import requested_host

PROBES = frozenset({"/readyz", "/metrics"})
FEED = "/events/stream"
RETRY_SECONDS = 1
ALONE_SECONDS = 5.0
"""A tenant is alone in a process when no other has asked it for so long."""
BUSY = f"This shop has as many requests under way as it may. Send this one again in {RETRY_SECONDS} s."
turned_away = Metric("tillflow_web_turned_away", "Requests answered 503 because of a tenant's share", ["tenant"])


class ThreadShares:
    """A WSGI application around another one.

    :param threads: how many requests the process works on at the same time. One tenant's that run or wait hold half.
    :param of_one: how many of one tenant's run while others are there; half of the threads run while it is alone. One
        that has held a thread all the time lately, or more than one, gets one.
        What is more waits for `patience` seconds, which also slows a client down that asks again and again.
    :param tenant_at: names the tenant of a host without asking the database; None when it is not known.
    """

    def __init__(
        self,
        application: Application,
        *,
        threads: int,
        of_one: int,
        tenant_at: Callable[[str], str | None],
        patience: float = 0.5,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.application, self.tenant_at = application, tenant_at
        self.threads, self.of_one, self.patience, self.clock = threads, of_one, patience, clock
        self.seen: dict[str, float] = {}
        """When each tenant has asked last, the latest at the end; what probes and feeds ask does not count."""
        self.running: Counter[str] = Counter()
        self.waiting: Counter[str] = Counter()
        self.spending = Spending(clock)
        self._waiters: list[_Waiter] = []
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        tenant = self._tenant_of(environ)
        if not self._begin(tenant):
            turned_away.labels(tenant).inc()
            return turn_away(environ, start_response, 503, "shop-busy", BUSY, retry_after=RETRY_SECONDS)
        began = self.clock()
        try:
            return _Answer(self.application(environ, start_response), lambda: self._end(tenant, began))
        except BaseException:
            self._end(tenant, began)
            raise

    def _tenant_of(self, environ: Environ) -> str:
        path = environ.get("PATH_INFO", "")
        if path in PROBES:
            return f"{path} ({'proxied' if 'HTTP_X_FORWARDED_FOR' in environ else 'direct'})"
        tenant = self.tenant_at(requested_host(environ.get("HTTP_HOST", ""))) or "(unknown)"
        return f"{tenant} (feeds)" if path.endswith(FEED) else tenant

    def _begin(self, tenant: str) -> bool:
        with self._lock:
            self._note(tenant)
            if self._has_room(tenant):
                self.running[tenant] += 1
                return True
            if self.running[tenant] + self.waiting[tenant] >= self.threads // 2 + 1 or not self._leaves_one():
                return False
            waiter = _Waiter(tenant)
            self._waiters.append(waiter)
            self.waiting[tenant] += 1
        if waiter.turn.wait(self.patience):
            return True
        with self._lock:
            if not waiter.turn.is_set():
                self._leave(waiter)
            return waiter.turn.is_set()

    def _has_room(self, tenant: str) -> bool:
        if not self.running[tenant]:
            return True
        if self._is_alone(tenant):
            most = max(self.of_one, self.threads // 2)
        else:
            most = self.of_one if self.spending.threads(tenant) < 1 else 1
        return self.running[tenant] < most and self._leaves_one()

    def _note(self, tenant: str) -> None:
        if _is_shop(tenant):
            self.seen.pop(tenant, None)
            self.seen[tenant] = self.clock()

    def _is_alone(self, tenant: str) -> bool:
        """Say whether no other tenant has asked lately: the latest of them is the last or the last but one."""
        latest = next((moment for other, moment in reversed(self.seen.items()) if other != tenant), None)
        return latest is None or latest <= self.clock() - ALONE_SECONDS

    def _leaves_one(self) -> bool:
        """Say whether a thread stays free beside the one that asks."""
        return self.running.total() + self.waiting.total() + 1 < self.threads

    def _end(self, tenant: str, began: float) -> None:
        with self._lock:
            if _is_shop(tenant):
                self.spending.add(tenant, self.clock() - began)
            self.running[tenant] -= 1
            if not self.running[tenant]:
                del self.running[tenant]
            self._pass_on()

    def _pass_on(self) -> None:
        """Give what has become free to the first that waits and has room: nobody else is woken."""
        for waiter in self._waiters.copy():
            if self._has_room(waiter.tenant):
                self._leave(waiter)
                self.running[waiter.tenant] += 1
                waiter.turn.set()

    def _leave(self, waiter: "_Waiter") -> None:
        self._waiters.remove(waiter)
        self.waiting[waiter.tenant] -= 1


def _is_shop(tenant: str) -> bool:
    """Say whether a part is a shop's own requests: not its feeds, which mostly sleep, nor probes."""
    return not tenant.endswith(")")


class _Waiter:
    """A request that waits for its turn; once that is set, it counts as running."""

    def __init__(self, tenant: str) -> None:
        self.tenant, self.turn = tenant, Event()


class _Answer:
    """An answer's body. The thread is held until it is closed: so do live feeds and slow readers hold it."""

    def __init__(self, body: Iterable[bytes], end: Callable[[], None]) -> None:
        self._body, self._end, self._closed = body, end, False

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            if not self._closed:
                self._closed = True
                self._end()
