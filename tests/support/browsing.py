"""A real Chromium, and the shop's host served to it by threads of the test's process."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = ["--no-sandbox", "--host-resolver-rules=MAP *.localhost 127.0.0.1"]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None: ...


class Threads(ThreadingMixIn, WSGIServer):
    """A browser opens connections ahead of its requests: each has a thread, so that none waits for another."""

    daemon_threads = True


@dataclass
class Served:
    """:param loses: of which requests, by method and path, the answer is lost, although they take effect.

    :param keys: the Idempotency-Key of each request, by its path, in their order.
    """

    port: int = 0
    loses: Callable[[str, str], bool] = lambda _method, _path: False
    keys: dict[str, list[str]] = field(default_factory=dict)
    working: int = 0


@contextmanager
def serving() -> Iterator[Served]:
    """Serve the application with its static files on a free port of the loopback."""
    from django.core.wsgi import get_wsgi_application
    from django.db import connections

    def answer(environ: Any, start: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if key := environ.get("HTTP_IDEMPOTENCY_KEY"):
            served.keys.setdefault(path, []).append(key)
        with done:
            served.working += 1
        try:
            if not served.loses(method, path):
                return _whole(application(environ, start))
            _whole(application(environ, lambda *_: None))
            start("502 Bad Gateway", [])
            return []
        finally:
            connections.close_all()
            with done:
                served.working -= 1
                done.notify_all()

    done = threading.Condition()
    application, served = get_wsgi_application(), Served()
    server = make_server("127.0.0.1", 0, answer, server_class=Threads, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        served.port = server.server_port
        yield served
    finally:
        server.shutdown()
        thread.join()
        with done:
            done.wait_for(lambda: served.working == 0, timeout=30)
        server.server_close()


def _whole(answer: Any) -> list[bytes]:
    """Read an answer and close it, as a server does: one left open is closed by whichever thread collects garbage."""
    try:
        return list(answer)
    finally:
        getattr(answer, "close", lambda: None)()
