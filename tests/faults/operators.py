"""Operators at work on the API: they retry, discard and copy dead letters, and pause and resume, while drains run."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import requests

from tests.faults.acts import Act
from tests.faults.stack import Stack

PEOPLE = 3
LETTERS = 500
AT_LEAST = 5
"""How often each of them decides, however slow the answers are."""
PAUSABLE = ("faults.steady", "faults.picky", "faults.batch", "faults.laggard")
PATIENCE_SECONDS = 30
ACTS = ("retry one", "retry kind", "retry all", "discard one", "discard kind", "copy", "pause", "resume")


class Operators:
    """Several people, who decide by themselves, often about the same dead letter."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def work(self, seconds: float, random: Random) -> None:
        """Act for as long; then let everything go on that is paused."""
        deadline = time.monotonic() + seconds
        shops = random.sample(self.stack.shops, min(2, len(self.stack.shops)))
        with ThreadPoolExecutor(PEOPLE) as people:
            seeds = [random.getrandbits(64) for _ in range(PEOPLE)]
            for done in [people.submit(self._decide, shops, Random(seed), deadline) for seed in seeds]:
                done.result()
        for shop in shops:
            for subscriber in PAUSABLE:
                self.resume(shop, subscriber)

    def resume(self, shop: str, subscriber: str) -> None:
        self._until_done(lambda: self._pause(shop, subscriber, paused=False))

    def pause(self, shop: str, subscriber: str) -> None:
        self._until_done(lambda: self._pause(shop, subscriber, paused=True))

    def discard_up_to(self, shop: str, position: int) -> None:
        """Give everything up that is dead at a position or before it."""
        for letter in self._letters(shop):
            if letter["position"] <= position:
                self._decide_about(shop, "discard one", letter, Random(0))

    def _until_done(self, attempt: Callable[[], Act]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not attempt().done and time.monotonic() < deadline:
            time.sleep(0.2)

    def _decide(self, shops: list[str], random: Random, deadline: float) -> None:
        decisions = 0
        while time.monotonic() < deadline or decisions < AT_LEAST:
            decisions += 1
            shop, act = random.choice(shops), random.choice(ACTS)
            if act in {"pause", "resume"}:
                self._pause(shop, random.choice(PAUSABLE), paused=act == "pause")
            elif letters := self._letters(shop):
                self._decide_about(shop, act, random.choice(letters[-3:]), random)
            time.sleep(random.random() / 10)

    def _decide_about(self, shop: str, act: str, letter: dict[str, Any], random: Random) -> None:
        chosen: dict[str, Any] = {"subscriber": letter["subscriber"]}
        verb, _, which = act.partition(" ")
        if which == "kind":
            chosen["fingerprint"] = letter["fingerprint"]
        elif which != "all":
            chosen["position"] = letter["position"]
        why = {"reason": "given up by the harness"} if verb != "retry" else {}
        copied = {"data": letter["data"]} if verb == "copy" else {}
        path = {"retry": "retry", "discard": "discard", "copy": "edited-copy"}[verb]
        self._ask("POST", shop, f"/dead-letters/{path}", {**chosen, **why, **copied}, Act(act=verb, **chosen))

    def _pause(self, shop: str, subscriber: str, *, paused: bool) -> Act:
        act = Act(act="pause" if paused else "resume", subscriber=subscriber)
        return self._ask(
            "PATCH", shop, "/subscriptions", {"subscriber": subscriber, "paused": paused, "reason": "a test"}, act
        )

    def _letters(self, shop: str) -> list[dict[str, Any]]:
        try:
            url = f"{self.stack.url}/api/v1/dead-letters?limit={LETTERS}"
            answer = requests.get(url, headers=self._headers(shop), timeout=(1, 10))
            return list(answer.json()["dead_letters"]) if answer.ok else []
        except (requests.RequestException, ValueError):
            return []

    def _ask(self, method: str, shop: str, path: str, body: dict[str, Any], act: Act) -> Act:
        """Ask for an act, and write down what was asked and what was answered."""
        asked, status, event_id = time.time(), 0, ""
        try:
            url = f"{self.stack.url}/api/v1{path}"
            answer = requests.request(method, url, json=body, headers=self._headers(shop), timeout=(1, 10))
            status = answer.status_code
            event_id = answer.json().get("event_id", "") if status == 201 else ""
        except (requests.RequestException, ValueError):
            pass
        told = {"asked": asked, "answered": time.time() if status else 0.0, "status": status, "event_id": event_id}
        done = Act(**{**vars(act), "shop": shop, **told})
        self.stack.acts.write(done)
        return done

    def _headers(self, shop: str) -> dict[str, str]:
        return {"Host": f"{shop}.localhost", "Authorization": f"Bearer {self.stack.operators[shop]}"}
