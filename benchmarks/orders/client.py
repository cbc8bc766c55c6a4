"""A client that costs little beside what it measures: one kept connection, requests of prepared bytes."""

import socket
from dataclasses import dataclass

TIMEOUT_SECONDS = 60
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    """:param body: with its chunks as they came, where a server sends these (no contender does for an order)."""

    status: int
    body: bytes


class Connection:
    """A kept connection to 127.0.0.1; it is opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """:raises OSError: when nobody listens, or an answer is cut off."""
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join([*lines, "Content-Type: application/json", f"Content-Length: {len(body)}", "", ""])
        request = head.encode() + body
        if self._socket is not None:
            try:
                return self._exchange(request)
            except (BrokenPipeError, ConnectionResetError):
                self.close()
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._exchange(request)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes) -> Answer:
        assert self._socket is not None
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._some()
        head, _, body = received.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(field.lower().split(": ", 1) for field in fields)
        if headers.get("transfer-encoding") == "chunked":
            while not body.endswith(LAST_CHUNK):
                body += self._some()
        else:
            while len(body) < int(headers["content-length"]):
                body += self._some()
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(status.split()[1]), body)

    def _some(self) -> bytes:
        assert self._socket is not None
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionResetError
        return received
