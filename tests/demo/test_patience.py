"""A replay goes on where it asks while no web process answers."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from demo import replay
from demo.replay import Replay
from demo.till import ApiRefused, Till


def answer(status: int, body: bytes) -> requests.Response:
    made = requests.Response()
    made.status_code, made._content = status, body
    return made


class Broken(Till):
    """Fails as it is told to, then answers."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__(url="http://127.0.0.1:1", host="north.localhost", token="")  # noqa: S106 - no secret
        self.failures = list(failures)

    def _next(self) -> None:
        if self.failures:
            raise self.failures.pop(0)

    def get(self, path: str, **query: Any) -> Any:
        self._next()
        return {"results": [{"id": f"{path} {query['sku']}"}]}

    def post(self, path: str, body: dict[str, Any], *, key: str = "") -> requests.Response:
        self._next()
        return answer(201, b"{}")


LOOK: Callable[[Replay], object] = lambda sent: sent._find_variant("MUG")  # noqa: E731
SEND: Callable[[Replay], object] = lambda sent: sent._post("orders", "/orders", {"note": "n"}, key="k")  # noqa: E731


@pytest.mark.parametrize("act", [LOOK, SEND], ids=["a look", "a document"])
def test_a_replay_asks_again_while_nothing_answers(act: Callable[[Replay], object], monkeypatch: Any) -> None:
    monkeypatch.setattr(replay, "RETRY_SECONDS", 0.0)
    busy = ApiRefused(answer(503, b"{}"))
    sent = Replay(Broken(requests.ConnectionError("refused"), requests.Timeout(), busy))

    act(sent)

    assert sent.tally.refused == []
    assert sent.till.failures == []


def test_a_refusal_that_stays_is_told_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(replay, "RETRY_SECONDS", 0.0)
    sent = Replay(Broken(ApiRefused(answer(422, b'{"code": "validation-failed"}'))))

    SEND(sent)

    assert len(sent.tally.refused) == 1
