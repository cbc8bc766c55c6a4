"""A terminal as the world has them: it knows the REST API and nothing else."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter

from kernel.ids import new_id

TIMEOUT = (5, 60)
STAFF_HEADER = "X-Staff-Session"


class NobodyThere(Exception):
    """No web process of ours answers at the URL, or none for this shop."""


class ApiRefused(Exception):
    """The API answered a problem."""

    def __init__(self, response: requests.Response) -> None:
        try:
            self.problem: dict[str, Any] = response.json()
        except ValueError:
            self.problem = {"detail": response.text[:500]}
        self.status = response.status_code
        self.may_be_repeated = response.status_code >= 500 or "Retry-After" in response.headers
        super().__init__(f"{self.status} {self.problem.get('code', '')}: {self.problem.get('detail', '')}")

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))


@dataclass
class Till:
    """:param url: where the web processes listen. :param host: the shop's host."""

    url: str
    host: str
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.mount("http://", HTTPAdapter(pool_maxsize=32))
        self.session.headers.update({"Host": self.host, "Authorization": f"Bearer {self.token}"})

    def require_web(self) -> None:
        """:raises NobodyThere: when no web process of ours answers."""
        try:
            answer = self.session.get(f"{self.url}/healthz", timeout=TIMEOUT, allow_redirects=False)
            alive = answer.ok and answer.json().get("status") == "ok"
        except (requests.RequestException, ValueError, AttributeError) as error:
            reason = "its answer is not ours" if isinstance(error, ValueError) else "nothing answers"
            message = f"no web process at {self.url}: {reason}. Start one (make demo), or name another: --url"
            raise NobodyThere(message) from error
        if not alive:
            message = f"what answers at {self.url} is not a web process of ours (HTTP {answer.status_code}): use --url"
            raise NobodyThere(message)

    def get(self, path: str, **query: Any) -> Any:
        """:raises ApiRefused: when the answer is a problem."""
        return self._checked(self.session.get(f"{self.url}/api/v1{path}", params=query, timeout=TIMEOUT)).json()

    def post(self, path: str, body: dict[str, Any], *, key: str = "") -> requests.Response:
        """Send a request under a key (a new one, where none is given). :raises ApiRefused: …"""
        headers = {"Idempotency-Key": key or str(new_id())}
        return self._checked(self.session.post(f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=TIMEOUT))

    def sign_in(self, code: str, pin: str) -> "Till":
        """Let somebody work here: what is sent from now on is theirs. :raises ApiRefused: …"""
        self.session.headers.pop(STAFF_HEADER, None)
        token = self.post("/staff-sessions", {"staff_code": code, "pin": pin}).json()["token"]
        self.session.headers[STAFF_HEADER] = token
        return self

    def sign_out(self) -> None:
        """:raises ApiRefused: …"""
        self._checked(self.session.delete(f"{self.url}/api/v1/staff-sessions/current", timeout=TIMEOUT))
        del self.session.headers[STAFF_HEADER]

    def approved(self, body: dict[str, Any], action: str, *, code: str, pin: str, reason: str) -> dict[str, Any]:
        """Let somebody approve a command; return its body with the approval. :raises ApiRefused: …"""
        content = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        subject = {"id": body["id"], "digest": hashlib.sha256(content.encode()).hexdigest()}
        asked = {"action": action, "subject": subject, "staff_code": code, "pin": pin, "reason": reason}
        return {**body, "approval_id": self.post("/approvals", asked).json()["id"]}

    def ensure_shift(self) -> str:
        """Return the id of the open shift; one is opened where there is none."""
        try:
            answer = self.post("/shifts", {"id": str(new_id()), "float_amount": {"amount": 10_000}}).json()
        except ApiRefused as refused:
            if refused.code != "shift-already-open":
                raise
            answer = self.get("/shifts/current")
        return str(answer["id"])

    def sell(self, lines: list[dict[str, Any]], tenders: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return self.place(order_of(lines, tenders, **more))

    def place(self, order: dict[str, Any]) -> dict[str, Any]:
        """:raises ApiRefused: …"""
        answered: dict[str, Any] = self.post("/orders", order, key=order["id"]).json()
        return answered

    def order(self, order_id: str | UUID) -> dict[str, Any]:
        answered: dict[str, Any] = self.get(f"/orders/{order_id}")
        return answered

    @staticmethod
    def _checked(response: requests.Response) -> requests.Response:
        if not response.ok:
            raise ApiRefused(response)
        return response


def order_of(lines: list[dict[str, Any]], tenders: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "occurred_at": datetime.now(UTC).isoformat(),
        "lines": lines,
        "tenders": tenders,
        **more,
    }
