"""The other side of the shops' webhooks: it writes down what arrives, and does not always answer as it should."""

import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from uuid import UUID

from tests.faults.dice import dice
from tests.support.receiving import QuietHandler

SLOW_SECONDS = 0.5


class Receiver:
    """:param journal: one line for each request that arrived, as `Arrival` has it."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.secrets: dict[str, str] = {}
        self._seen: set[str] = set()
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        self.journal.write_text("")
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, shop: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{shop}"

    def answer(self, shop: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a request, or not; return the status of the answer, 0 for none.

        The first time, one event in fifteen is refused, one is taken without an answer, one is answered slowly.
        """
        event_id = headers["webhook-id"]
        with self._lock:
            trouble = dice("webhook", UUID(event_id), 15) if event_id not in self._seen else -1
            self._seen.add(event_id)
            taken = trouble != 0
            arrival = {"shop": shop, "id": event_id, "signed": self._is_signed(shop, headers, body), "taken": taken}
            with self.journal.open("a") as journal:
                journal.write(json.dumps(arrival) + "\n")
        if trouble == 2:  # noqa: PLR2004 - a side of the dice
            time.sleep(SLOW_SECONDS)
        return 500 if not taken else 0 if trouble == 1 else 204

    def _is_signed(self, shop: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Check the signature as Standard Webhooks has it: over id, timestamp and body."""
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = b64decode(self.secrets.get(shop, "").removeprefix("whsec_"))
        wanted = "v1," + b64encode(hmac.new(key, content, sha256).digest()).decode()
        return wanted in headers["webhook-signature"].split()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answer(self.path.strip("/"), self.headers, body)
                if status:
                    self.send_response(status)
                    self.end_headers()

        return Handler
