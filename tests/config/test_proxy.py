"""The shipped proxy: what is slow or too much ends at it, and what it passes on says the truth of the client."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.proxying import NGINX, Proxy, check, configure, proxying, read_all

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

HOST = "Host: shop.tillflow.example\r\nConnection: close\r\n"


class Web(ThreadingHTTPServer):
    """Stands for the web processes; notes what reaches it."""

    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.may_end = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Web  # type: ignore[assignment]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.seen.append((self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: one\n\n")
        if self.path == "/api/v1/events/stream":
            self.server.may_end.wait(20)

    def do_PUT(self) -> None:
        """Answer nothing."""

    def do_PATCH(self) -> None:
        self.send_response(413)
        self.end_headers()
        self.wfile.write(b"of the application")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Write nothing of what was asked."""


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    server = Web()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.may_end.set()
    server.shutdown()
    socketserver.TCPServer.server_close(server)


@pytest.fixture(scope="module")
def proxy(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    soon = {"client_header_timeout 5s": "client_header_timeout 1s", "client_body_timeout 10s": "client_body_timeout 1s"}
    with proxying(tmp_path_factory.mktemp("nginx"), web=web.server_address[1], changes=soon) as started:
        yield started


def test_w04_the_shipped_files_are_valid(tmp_path: Path) -> None:
    configure(tmp_path, port=8443, web=8000, changes={})

    checked = check(tmp_path)

    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr


def test_w04_headers_that_come_slowly_are_cut_and_reach_no_web_process(proxy: Proxy, web: Web) -> None:
    before = len(web.seen)
    with proxy.connect() as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: shop.tillflow.example\r\nX-Slow:")
        answer = read_all(connection)

    assert answer == b"" or b" 408 " in answer.splitlines()[0]
    assert len(web.seen) == before


def test_w04_a_body_that_stops_is_cut_and_reaches_no_web_process(proxy: Proxy, web: Web) -> None:
    before = len(web.seen)
    with proxy.connect() as connection:
        connection.sendall(f"POST /slow HTTP/1.1\r\n{HOST}Content-Length: 100\r\n\r\nhalf".encode())
        read_all(connection)

    assert len(web.seen) == before


def test_w04_a_web_process_is_told_who_asks_by_the_proxy_alone(proxy: Proxy, web: Web) -> None:
    lies = "X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: evil\r\nForwarded: for=8.8.8.8\r\n"
    answer = proxy.ask(f"GET /who HTTP/1.1\r\n{HOST}{lies}\r\n")

    path, headers, _ = web.seen[-1]
    assert b" 200 " in answer.splitlines()[0]
    assert (path, headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == ("/who", "127.0.0.1", "https")
    assert headers["Host"] == "shop.tillflow.example"
    assert not {"X-Forwarded-Host", "Forwarded"} & set(headers)


def test_w04_sign_ins_of_one_address_are_limited_and_sales_are_not(proxy: Proxy) -> None:
    def statuses(path: str) -> set[bytes]:
        return {proxy.ask(f"POST {path} HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n").split()[1] for _ in range(14)}

    assert statuses("/admin/login/") == {b"200", b"429"}
    assert statuses("/api/v1/orders") == {b"200"}


def test_w18_probes_of_one_address_are_limited_and_sales_are_not(proxy: Proxy) -> None:
    def statuses(path: str) -> set[bytes]:
        return {proxy.ask(f"GET {path} HTTP/1.1\r\n{HOST}\r\n").split()[1] for _ in range(40)}

    assert statuses("/healthz") == {b"200", b"429"}
    assert statuses("/api/v1/orders") == {b"200"}


def test_w04_live_feeds_are_not_held_back(proxy: Proxy, web: Web) -> None:
    web.may_end.clear()
    with proxy.connect() as connection:
        connection.sendall(f"GET /api/v1/events/stream HTTP/1.1\r\n{HOST}\r\n".encode())
        answer = b""
        while b"data: one" not in answer:
            answer += connection.recv(4096)

        assert not web.may_end.is_set()
    web.may_end.set()


def test_w04_a_body_beyond_the_limit_is_refused_at_the_proxy(proxy: Proxy, web: Web) -> None:
    before = len(web.seen)
    answer = proxy.ask(f"POST /api/v1/orders HTTP/1.1\r\n{HOST}Content-Length: 99000000\r\n\r\n")

    assert b" 413 " in answer.splitlines()[0]
    assert len(web.seen) == before


def problem_of(answer: bytes) -> tuple[int, int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head, answer
    assert b"X-Request-Id: " in head
    told = json.loads(body)
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(told)
    assert told["type"] == f"urn:tillflow:problem:{told['code']}"
    return int(head.split()[1]), told["status"], told["code"]


LONG = "x" * 20_000
REFUSED_BY_THE_PROXY = [
    (f"POST /api/v1/orders HTTP/1.1\r\n{HOST}Content-Length: 99000000\r\n\r\n", 413, "body-too-large"),
    (f"GET /api/v1/orders?{LONG} HTTP/1.1\r\n{HOST}\r\n", 414, "address-too-long"),
    (f"GET /api/v1/orders HTTP/1.1\r\n{HOST}X-Long: {LONG}\r\n\r\n", 400, "malformed-request"),
    ("GET /api/v1/orders HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "malformed-request"),
    (f"POST /api/v1/orders HTTP/1.1\r\n{HOST}Content-Length: x\r\n\r\n", 400, "malformed-request"),
    (f"PUT /api/v1/orders HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n", 502, "unreachable"),
]


@pytest.mark.parametrize(("request_", "status", "code"), REFUSED_BY_THE_PROXY)
def test_in09_what_the_proxy_refuses_under_the_api_is_a_problem(
    proxy: Proxy, request_: str, status: int, code: str
) -> None:
    assert problem_of(proxy.ask(request_)) == (status, status, code)


def test_in09_more_connections_than_an_address_may_have_are_a_problem(proxy: Proxy, web: Web) -> None:
    web.may_end.clear()
    with ExitStack() as open_ones:
        for _ in range(64):
            connection = open_ones.enter_context(proxy.connect())
            connection.sendall(f"GET /api/v1/events/stream HTTP/1.1\r\n{HOST}\r\n".encode())
            assert connection.recv(4096)

        answer = proxy.ask(f"GET /api/v1/orders HTTP/1.1\r\n{HOST}\r\n")
    web.may_end.set()

    assert problem_of(answer) == (429, 429, "rate-limited")
    assert b"Retry-After: 1" in answer


def test_in09_what_the_application_refuses_is_passed_on(proxy: Proxy) -> None:
    answer = proxy.ask(f"PATCH /api/v1/orders HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n")

    assert b"of the application" in answer
