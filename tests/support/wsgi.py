"""The web processes' own application, asked in the test's process and transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from werkzeug.test import Client

from config import wsgi


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer whole, and close the answer as a server does; an open one would hold a share of the threads."""
    answer: Any = wsgi.application(environ, start_response)
    try:
        return list(answer)
    finally:
        getattr(answer, "close", lambda: None)()


@contextmanager
def in_this_transaction() -> Iterator[None]:
    """Keep requests from closing the connection that the test works on, as Django's test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@contextmanager
def client() -> Iterator[Client]:
    with in_this_transaction():
        yield Client(application)
