"""Shares of a web process's threads: one tenant's requests hold a part of them, and never the last one.

It is decided before Django is asked, and so before anything waits for the database. Hosts that no tenant is known to
answer at share one part, until the first answer to each; probes have a part of their own, so that a process that
turns requests away is still seen to live.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from threading import Condition

from prometheus_client import Counter as Metric

from config.turning_away import Application, Environ, StartResponse, turn_away
from tenants.hostnames import requested_host

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
RETRY_SECONDS = 1
BUSY = f"This shop has as many requests under way as it may. Send this one again in {RETRY_SECONDS} s."
turned_away = Metric("tillflow_web_turned_away", "Requests answered 503 because of a tenant's share", ["tenant"])


class ThreadShares:
    """A WSGI application around another one.

    :param threads: how many requests the process works on at the same time.
    :param of_one: how many of one tenant's. Half as many wait for one to end, `patience` seconds at most; others are
        answered 503 at once.
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
    ) -> None:
        self.application, self.tenant_at = application, tenant_at
        self.threads, self.of_one, self.patience = threads, of_one, patience
        self.running: Counter[str] = Counter()
        self.waiting: Counter[str] = Counter()
        self._changed = Condition()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        tenant = self._tenant_of(environ)
        if not self._begin(tenant):
            turned_away.labels(tenant).inc()
            return turn_away(environ, start_response, 503, "shop-busy", BUSY, retry_after=RETRY_SECONDS)
        try:
            return _Answer(self.application(environ, start_response), lambda: self._end(tenant))
        except BaseException:
            self._end(tenant)
            raise

    def _tenant_of(self, environ: Environ) -> str:
        if environ.get("PATH_INFO") in PROBES:
            return "(probes)"
        return self.tenant_at(requested_host(environ.get("HTTP_HOST", ""))) or "(unknown)"

    def _begin(self, tenant: str) -> bool:
        with self._changed:
            if self._has_room(tenant):
                self.running[tenant] += 1
                return True
            if self.waiting[tenant] >= max(1, self.of_one // 2) or not self._leaves_one():
                return False
            self.waiting[tenant] += 1
            found = self._changed.wait_for(lambda: self._has_room(tenant), self.patience)
            self.waiting[tenant] -= 1
            self.running[tenant] += found
            return found

    def _has_room(self, tenant: str) -> bool:
        if not self.running[tenant]:
            return True
        return self.running[tenant] < self.of_one and self._leaves_one()

    def _leaves_one(self) -> bool:
        """Say whether a thread stays free beside the one that asks."""
        return self.running.total() + self.waiting.total() + 1 < self.threads

    def _end(self, tenant: str) -> None:
        with self._changed:
            self.running[tenant] -= 1
            if not self.running[tenant]:
                del self.running[tenant]
            self._changed.notify_all()


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
