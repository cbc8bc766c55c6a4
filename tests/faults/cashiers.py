"""Cashiers that count the drawer, close its shift and open the next one while it sells, and write down the answers."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import requests
from uuid_utils import uuid7

from tests.faults.stack import Stack

PATIENCE_SECONDS = 90
PASSING = {401, 403, 404, 429}
"""What is answered while a shop is suspended or its host is not known yet."""


class Cashiers:
    """:param journal: one line for each shift that was opened or closed: what was asked, and the answer."""

    def __init__(self, stack: Stack, journal: Path) -> None:
        self.stack, self.journal = stack, journal
        self.lock = Lock()
        self.pool = ThreadPoolExecutor(8)
        journal.write_text("")

    def work(self, seed: int) -> list[Any]:
        """Close the shift of each shop, and open another; each command is sent again until it is answered."""
        return [self.pool.submit(self._change, shop, Random(f"{seed} {shop}")) for shop in list(self.stack.shops)]

    def written(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def _change(self, shop: str, random: Random) -> None:
        time.sleep(random.random())
        current = self._send("GET", shop, "/shifts/current", {})
        if current is not None and current.ok:
            shift, counted = current.json()["id"], random.randint(0, 100_000)
            counts = [{"tender_type": "cash", "amount": {"amount": counted}}]
            closing = self._send("POST", shop, f"/shifts/{shift}/close", {"counts": counts})
            self._write(shop, "close", shift, closing, counted=counted)
        time.sleep(random.random() / 4)
        opening, amount = str(uuid7()), random.randint(0, 20_000)
        answer = self._send("POST", shop, "/shifts", {"id": opening, "float_amount": {"amount": amount}})
        self._write(shop, "open", opening, answer, counted=amount)

    def _write(self, shop: str, act: str, shift: str, answer: requests.Response | None, *, counted: int) -> None:
        said = answer.json() if answer is not None and answer.ok else {}
        line = {
            "shop": shop, "act": act, "shift": shift, "amount": counted,
            "status": answer.status_code if answer is not None else 0,
            "receipt": said.get("receipt_id"), "counts": said.get("counts"),
        }  # fmt: skip
        with self.lock, self.journal.open("a") as journal:
            journal.write(json.dumps(line) + "\n")

    def _send(self, method: str, shop: str, path: str, body: dict[str, Any]) -> requests.Response | None:
        """Return the final answer; None where none came in time."""
        headers = {"Host": f"{shop}.localhost", "Authorization": f"Bearer {self.stack.tokens[shop]}"}
        headers["Idempotency-Key"] = str(uuid7())
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and shop in self.stack.shops:
            try:
                answer = requests.request(
                    method, f"{self.stack.url}/api/v1{path}", json=body or None, headers=headers, timeout=(1, 5)
                )
            except requests.RequestException:
                time.sleep(0.1)
                continue
            busy = answer.status_code == 409 and "idempotency-in-progress" in answer.text
            if answer.status_code < 500 and answer.status_code not in PASSING and not busy:
                return answer
            time.sleep(0.1)
        return None
