"""The terminals of the demo's shops, and the people at them: what is kept of them works, or is made again."""

import json
from dataclasses import dataclass

from demo.credentials import Credentials, host_of
from demo.people import WORKERS, Worker
from demo.steps import manage, wait_until
from demo.till import ApiRefused, Till


@dataclass(frozen=True, kw_only=True)
class Crew:
    """:param url: where the web processes listen."""

    shop: str
    url: str
    credentials: Credentials

    def ensure(self) -> None:
        """Pair a terminal for scripts and a till for people, and let these sign in; keep what was made."""
        if not _is_paired(self.terminal()):
            self.credentials.tokens[self.shop] = wait_until("a register", lambda: _pair(self.shop), "worker")
            self.credentials.save()
        is_paired = _is_paired(self.till())
        if not (is_paired and self._signs_in()):
            options = [] if is_paired else ["--pair"]
            made = json.loads(manage("demo_crew", "--tenant", self.shop, *options))
            self.credentials.pins[self.shop] = made["pins"]
            if made["till"]:
                self.credentials.tills[self.shop] = made["till"]
            self.credentials.save()

    def terminal(self) -> Till:
        return Till(url=self.url, host=host_of(self.shop), token=self.credentials.tokens.get(self.shop, ""))

    def till(self) -> Till:
        return Till(url=self.url, host=host_of(self.shop), token=self.credentials.tills.get(self.shop, ""))

    def pin(self, worker: Worker) -> str:
        return self.credentials.pins[self.shop][worker.code]

    def signed_in(self, worker: Worker) -> Till:
        """Return the terminal for scripts, with somebody at it. :raises ApiRefused: …"""
        return self.terminal().sign_in(worker.code, self.pin(worker))

    def _signs_in(self) -> bool:
        pins = self.credentials.pins.get(self.shop, {})
        try:
            for worker in WORKERS:
                self.till().sign_in(worker.code, pins[worker.code]).sign_out()
        except (ApiRefused, KeyError):
            return False
        return True


def _is_paired(till: Till) -> bool:
    try:
        return bool(till.token and till.get("/devices/self"))
    except ApiRefused as refused:
        if refused.status not in {401, 403}:
            raise
        return False


def _pair(shop: str) -> str:
    return manage("device", "pair", "--tenant", shop, "--name", "Demo terminal").strip()
