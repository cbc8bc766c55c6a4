"""Terminals that sell, and write down what they were answered: what the checker believes."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any

import requests
from uuid_utils import uuid7

from tests.faults.stack import SKUS, Stack

PATIENCE_SECONDS = 90
TERMINALS = 6
HELD = 202


class Clients:
    """:param journal: one line for each order: what was asked, and the answer."""

    def __init__(self, stack: Stack, journal: Path) -> None:
        self.stack, self.journal = stack, journal
        self.lock = Lock()
        self.pool = ThreadPoolExecutor(TERMINALS)
        journal.write_text("")

    def sell(self, orders: int, seed: int) -> list[Any]:
        """Begin to sell; each order is sent again under its key until it is answered."""
        random, shops = Random(seed), list(self.stack.shops)
        return [self.pool.submit(self._order, random.choice(shops), random.getrandbits(64)) for _ in range(orders)]

    def written(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()]

    def _order(self, shop: str, seed: int) -> None:
        random = Random(seed)
        lines = [
            {"id": str(uuid7()), "sku": sku, "quantity": str(random.randint(1, 5))}
            for sku in random.sample(SKUS, random.randint(1, 3))
        ]
        total = sum((100 + 10 * SKUS.index(line["sku"])) * int(line["quantity"]) for line in lines)
        by_card = random.random() < 0.2
        tender = {"id": str(uuid7()), "type": "gateway" if by_card else "cash", "amount": {"amount": total}}
        body = {
            "id": str(uuid7()),
            "occurred_at": datetime.now(UTC).isoformat(),
            "lines": lines,
            "tenders": [{**tender, **({"card_token": "tok_approve"} if by_card else {})}],
            **({"customer_email": f"{seed}@example.test"} if random.random() < 0.2 else {}),
        }
        time.sleep(random.random() / 2)
        answer, attempts = self._send(shop, body)
        written = {"shop": shop, "order": body["id"], "total": total, "lines": lines, "by_card": by_card}
        with self.lock, self.journal.open("a") as journal:
            journal.write(json.dumps({**written, "status": answer, "attempts": attempts}) + "\n")

    @staticmethod
    def _is_passing(answer: requests.Response) -> bool:
        """Say whether to send again: the server is in trouble, another request has the key, or the shop is suspended."""
        suspended = answer.status_code == 403 and "tenant-suspended" in answer.text
        return answer.status_code >= 500 or answer.status_code in {409, 429} or suspended

    def _accept(self, shop: str, order_id: str) -> requests.Response:
        """Decide about an order that is held, which a suspended shop refuses."""
        return requests.post(
            f"{self.stack.url}/api/v1/held-commands/{order_id}/accept",
            json={},
            headers={**self._headers(shop), "Idempotency-Key": order_id},
            timeout=(1, 5),
        )

    def _headers(self, shop: str) -> dict[str, str]:
        return {"Host": f"{shop}.localhost", "Authorization": f"Bearer {self.stack.tokens[shop]}"}

    def _send(self, shop: str, body: dict[str, Any]) -> tuple[int, int]:
        """Return the status of the final answer, 0 for none, and how often it was sent."""
        headers = {**self._headers(shop), "Idempotency-Key": body["id"]}
        deadline, attempts = time.monotonic() + PATIENCE_SECONDS, 0
        while time.monotonic() < deadline:
            attempts += 1
            try:
                answer = requests.post(f"{self.stack.url}/api/v1/orders", json=body, headers=headers, timeout=(1, 5))
                if answer.status_code == HELD:
                    answer = self._accept(shop, body["id"])
            except requests.RequestException:
                time.sleep(0.1)
                continue
            if not self._is_passing(answer):
                return answer.status_code, attempts
            time.sleep(0.1)
        return 0, attempts
