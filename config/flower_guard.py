"""Flower asks for a password with every request and has no limit: it gets the one of the admin's door.

Flower's handlers run in an event loop, where Django's database layer refuses to work: one thread does that.
"""

from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

PLACE = "flower"


def limit_sign_ins() -> None:
    """Let every handler of Flower look at the limit before it looks at a password."""
    from flower.views import BaseHandler
    from flower.views.monitor import Metrics
    from tornado.web import Finish, HTTPError

    look = BaseHandler.get_current_user
    database = ThreadPoolExecutor(1, thread_name_prefix="sign-in limits")

    def get_current_user(handler: Any) -> Any:
        name = _name_in(handler.request.headers.get("Authorization", ""))
        if name is None:
            return look(handler)
        attempt = Attempt(name, handler.request.remote_ip, handler.request.headers.get("X-Forwarded-For", ""))
        if database.submit(attempt.is_locked).result():
            handler.set_status(429)
            handler.set_header("Retry-After", str(int(settings.AXES_COOLOFF_TIME.total_seconds())))
            raise Finish("Too many failed sign-ins. Wait, then try again.\n")
        try:
            found = look(handler)
        except HTTPError:
            database.submit(attempt.fail).result()
            raise
        if attempt.failures:
            database.submit(attempt.forgive).result()
        return found

    BaseHandler.get_current_user = get_current_user
    Metrics.prepare = require_password_or_token


def require_password_or_token(handler: Any) -> None:
    """Let only a person with Flower's password, or a Prometheus with METRICS_TOKEN, see Flower's own metrics."""
    scheme, _, token = handler.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and constant_time_compare(token, settings.METRICS_TOKEN):
        return
    if not handler.current_user:
        handler.set_header("WWW-Authenticate", "Basic")
        handler.set_status(401)
        handler.finish("Give Flower's password, or METRICS_TOKEN as a bearer token.\n")


class Attempt:
    """One request with a password: its name and its address, as the limits of `staff.sign_in` count them."""

    def __init__(self, name: str, peer: str, forwarded: str) -> None:
        self.credentials = {"username": name}
        self.failures = 0
        request: Any = HttpRequest()
        request.signs_in_at = PLACE
        request.META |= {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
        self.request = request

    def is_locked(self) -> bool:
        from axes.handlers.proxy import AxesProxyHandler

        close_old_connections()
        self.failures = AxesProxyHandler.get_failures(self.request, self.credentials)
        limit: int = settings.AXES_FAILURE_LIMIT
        return self.failures >= limit

    def fail(self) -> None:
        from axes.handlers.proxy import AxesProxyHandler

        from web.client import coming_from

        with coming_from(self.request):
            AxesProxyHandler.user_login_failed(type(self), self.credentials, self.request)

    def forgive(self) -> None:
        from axes.handlers.proxy import AxesProxyHandler

        AxesProxyHandler.get_implementation().reset_user_attempts(self.request, self.credentials)


def _name_in(header: str) -> str | None:
    """Read the name of basic authentication; None where nobody gives one."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return b64decode(credentials).decode().partition(":")[0]
    except ValueError:
        return ""
