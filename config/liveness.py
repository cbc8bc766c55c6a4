"""`/healthz`: whether this process lives. Any host is answered, with no share of the threads and no look at a body."""

import json
from collections.abc import Iterable

from django.conf import settings

from config.turning_away import Application, Environ, StartResponse

PATH = "/healthz"
METHODS = frozenset({"GET", "HEAD"})
BODY = json.dumps({"status": "ok"}).encode()


class Liveness:
    """A WSGI application around another one, which is asked for everything else."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return self.application(environ, start_response)
        method = environ.get("REQUEST_METHOD")
        if method not in METHODS:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return []
        start_response("200 OK", _headers())
        return [BODY] if method == "GET" else []


def _headers() -> list[tuple[str, str]]:
    """Name the instance, so that who has started it knows that it is not another's answer."""
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(BODY))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return [*headers, ("Tillflow-Instance", settings.INSTANCE)] if settings.INSTANCE else headers
