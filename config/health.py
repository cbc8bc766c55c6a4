"""What the process works with (`/readyz`); on every host. `config/liveness.py` answers whether it lives."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from events.subscriptions.broker import BrokerAway
from events.subscriptions.doorbells import doorbells
from events.subscriptions.queries import oldest_pending_seconds
from events.subscriptions.registry import all_subscribers
from kernel.tenancy import RoleNotBound, in_public_schema, working_schemas

CHECKED_SECONDS = 1.0
"""For how long an answer is given again, so that asking often costs the database nothing."""

Check = dict[str, Any]


class HealthMiddleware:
    """Answers before anything else of Django does, whatever the host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != "/readyz":
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = _ready(request.GET.getlist("exclude"))
        response["Cache-Control"] = "no-store"
        return response


def _ready(excluded: list[str]) -> JsonResponse:
    unknown = sorted(set(excluded) - CHECKS.keys())
    if unknown:
        message = f"there is no check {', '.join(unknown)}; there are {', '.join(CHECKS)}"
        return JsonResponse({"status": "unknown", "detail": message}, status=400)
    checks = {name: readiness.check(name) for name in CHECKS if name not in excluded}
    ready = all(check["ok"] for check in checks.values())
    return JsonResponse({"status": "ok" if ready else "failing", "checks": checks}, status=200 if ready else 503)


def _database() -> Check:
    try:
        with in_public_schema(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except RoleNotBound:
        return {"ok": False, "detail": "row-level security does not bind the role of the database"}
    except Error:
        connection.close()
        return {"ok": False, "detail": "the database does not answer"}
    return {"ok": True}


def _broker() -> Check:
    try:
        doorbells.require_broker()
    except BrokerAway:
        return {"ok": False, "detail": "the broker does not answer"}
    return {"ok": True}


def _events() -> Check:
    """Look for the event that has waited longest for a subscriber that may work and is not paused."""
    try:
        names = [subscriber.name for subscriber in all_subscribers()]
        with in_public_schema():
            age = oldest_pending_seconds(tenants=sorted(working_schemas()), subscribers=names)
    except (Error, RoleNotBound):
        connection.close()
        return {"ok": False, "detail": "the database does not say what is pending"}
    found = {"oldest_pending_seconds": round(age, 1)}
    if age > settings.READY_PENDING_SECONDS:
        return {"ok": False, **found, "detail": "an event waits for its subscriber: do the workers and beat run?"}
    return {"ok": True, **found}


CHECKS: dict[str, Callable[[], Check]] = {"database": _database, "broker": _broker, "events": _events}


@dataclass
class Readiness:
    """:param clock: seconds, monotonic."""

    clock: Callable[[], float] = time.monotonic
    _found: dict[str, tuple[float, Check]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, name: str) -> Check:
        """Return what a check has found, now or a moment ago; one request asks at a time."""
        with self._lock:
            until, found = self._found.get(name, (0.0, {}))
            if not found or self.clock() >= until:
                found = CHECKS[name]()
                self._found[name] = (self.clock() + CHECKED_SECONDS, found)
            return found

    def forget(self) -> None:
        self._found.clear()


readiness = Readiness()
