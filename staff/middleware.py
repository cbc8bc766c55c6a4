"""What was refused to somebody who is known: a page or an act of the admin, a scope of the API."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from django.http import HttpRequest, HttpResponse

from events.operations import audit
from kernel.tenancy import current_tenant
from web.admin.acting import operator_of

REPEATED_SECONDS = 60.0
CAPACITY = 1024


class RefusalsMiddleware:
    """Writes refusals into the audit; the same one again within a minute counts as one, so that nobody floods it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._told: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._lock = Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 403 and (actor := _actor(request)):
            about = f"{request.method} {request.path}"
            if self._is_new((current_tenant(), actor, about)):
                audit.record(action="refused", subject=about, actor=actor)
        return response

    def _is_new(self, key: tuple[str, ...]) -> bool:
        now = time.monotonic()
        with self._lock:
            told = self._told.get(key)
            if told is not None and now - told < REPEATED_SECONDS:
                return False
            self._told[key] = now
            self._told.move_to_end(key)
            while len(self._told) > CAPACITY:
                self._told.popitem(last=False)
            return True


def _actor(request: HttpRequest) -> str:
    """Name who was refused; empty for a stranger."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    return str(getattr(user, "actor", "")) or operator_of(request)
