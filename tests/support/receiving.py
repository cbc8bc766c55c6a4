"""A receiver of webhooks: a real HTTP server on loopback that answers as it is told."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import trustme


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """:param answers: the next statuses, in order; when they are used up, 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    always: int = 204
    received: list[Received] = field(default_factory=list)

    @property
    def positions(self) -> list[int]:
        return [each.event["position"] for each in self.received]


class QuietHandler(BaseHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Write nothing of what was asked."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Received(dict(self.headers), body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else receiver.always)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

    with _serving(Handler) as receiver.url:
        yield receiver


@contextmanager
def answering(*pieces: bytes, pause: float = 0.0, authority: trustme.CA | None = None) -> Iterator[str]:
    """Listen at a URL, and answer each request with raw bytes, a piece at a time; then stay silent.

    :param authority: answer over TLS, with a certificate of this one.
    """

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(OSError):
                for piece in pieces:
                    self.wfile.write(piece)
                    time.sleep(pause)
                self.connection.recv(1)

    with _serving(Handler, authority) as url:
        yield url


@dataclass
class Dripping:
    """A server that takes any connection and answers one byte at a time, for longer than a call may take."""

    url: str
    visits: int = 0


@contextmanager
def dripping(*, pause: float = 0.05, drips: int = 40) -> Iterator[Dripping]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            server.visits += 1
            with suppress(OSError):
                for _ in range(drips):
                    self.request.sendall(b"H")
                    if over.wait(pause):
                        return

    listening, over = ThreadingTCPServer(("127.0.0.1", 0), Handler), threading.Event()
    server = Dripping(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        over.set()
        listening.shutdown()
        listening.server_close()


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], authority: trustme.CA | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if authority:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if authority else 'http'}://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        server.server_close()
