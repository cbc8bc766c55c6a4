"""The entrance under the server that we run: what it makes of bodies in chunks."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from config import gunicorn
from demo.stack.broker import free_port
from integrations.api.cursors import LONGEST_TYPES
from kernel.limits import LARGEST_BODY
from tests.support.document import operations
from tests.support.waiting import wait_for

PIECE = b"x" * 65536


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    chosen = free_port()
    command = [
        str(Path(sys.executable).with_name("gunicorn")), "--worker-class", gunicorn.worker_class, "--threads", "2", "--no-control-socket",
        "--limit-request-line", str(gunicorn.limit_request_line),
        "--bind", f"127.0.0.1:{chosen}", "tests.support.echo:application",
    ]  # fmt: skip
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: answers(chosen), seconds=30)
        yield chosen
    finally:
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    try:
        return ask(port, iter([b"x"]))[0] == 200
    except OSError:
        return False


def ask(port: int, body: Any, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/api/v1/orders", body, headers, encode_chunked=True)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_in02_a_body_in_chunks_is_read_whole(port: int) -> None:
    assert ask(port, iter([b'{"a":', b" 1}", PIECE])) == (200, b'{"a": 1}' + PIECE)
    assert ask(port, b"with a length") == (200, b"with a length")


def test_in04_more_chunks_than_a_body_may_have_are_a_problem(port: int) -> None:
    pieces = LARGEST_BODY // len(PIECE)

    status, body = ask(port, iter([PIECE] * pieces))
    assert (status, len(body)) == (200, LARGEST_BODY)

    status, body = ask(port, iter([PIECE] * pieces + [b"x"]))
    assert (status, json.loads(body)["code"]) == (413, "body-too-large")


def test_in02_broken_chunks_are_a_problem(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"code": "malformed-body"' in answer


def test_in09_the_longest_query_of_the_document_is_read(port: int) -> None:
    def status(query: str) -> int:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", f"/api/v1/events?{query}")
        return connection.getresponse().status

    longest = {
        name: sum(
            parameter["schema"].get("maxLength", 20) * (3 if "A-Z" in parameter["schema"].get("pattern", "") else 12)
            + len(parameter["name"]) + 2
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query"
        )
        for _, name, operation in operations()
    }  # fmt: skip

    assert max(longest.values()) < gunicorn.limit_request_line - 100
    assert status("types=" + "%2C" * LONGEST_TYPES) == 200
    assert status("types=" + "%2C" * 4000) == 414
