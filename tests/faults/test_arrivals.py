"""What arrived at an endpoint is judged by its signature, its order, and what is missing."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

import pytest

from tests.faults.arrivals import Arrival, Due, findings, written
from tests.faults.dice import dice
from tests.faults.receiver import Receiver

DUE = [Due(id=name, position=number, stream=name[0]) for number, name in enumerate(("a1", "b1", "a2", "a3"), start=1)]


def arrived(*ids: str) -> list[Arrival]:
    """Let events arrive at the shop; one whose name ends with ! is not taken."""
    return [Arrival(shop="alder", id=each.removesuffix("!"), signed=True, taken=not each.endswith("!")) for each in ids]


def kinds(*arrivals: Arrival) -> list[str]:
    return [kind for kind, _said in findings("alder", DUE, arrivals)]


def test_in_order_for_each_stream_and_more_than_once_is_well() -> None:
    assert kinds(*arrived("b1", "a1", "a2!", "a1", "a2", "a2", "a3")) == []


def test_what_never_arrived_or_was_never_taken_is_lost() -> None:
    assert kinds(*arrived("a1", "a2", "a3")) == ["lost"]
    assert kinds(*arrived("a1", "a2", "a3", "b1!")) == ["lost"]


def test_what_arrives_before_an_earlier_one_of_its_stream_was_taken_is_reordered() -> None:
    assert kinds(*arrived("b1", "a2", "a1", "a3")) == ["reordered"]
    assert kinds(*arrived("b1", "a1!", "a2", "a1", "a2", "a3")) == ["reordered"]


def test_what_is_not_signed_or_of_another_shop_is_leaked() -> None:
    whole = arrived("b1", "a1", "a2", "a3")
    unsigned = Arrival(shop="alder", id="a3", signed=False, taken=True)

    assert kinds(*whole, unsigned) == ["leaked"]
    assert kinds(*whole, *arrived("c1")) == ["leaked"]
    assert kinds(*whole, Arrival(shop="birch", id="c1", signed=True, taken=True)) == []


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    started = Receiver(tmp_path / "webhooks.jsonl")
    started.secrets["alder"] = "whsec_" + b64encode(b"key").decode()
    started.start()
    yield started
    started.stop()


def event_that(trouble: int) -> str:
    return next(str(id_) for id_ in map(lambda n: UUID(int=n), range(1000)) if dice("webhook", id_, 15) == trouble)


def post(receiver: Receiver, event_id: str, key: bytes = b"key") -> int:
    signature = b64encode(hmac.new(key, f"{event_id}.1.{{}}".encode(), sha256).digest()).decode()
    headers = {"webhook-id": event_id, "webhook-timestamp": "1", "webhook-signature": f"v1,old v1,{signature}"}
    try:
        with urlopen(Request(receiver.url("alder"), b"{}", headers)) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_the_receiver_refuses_some_events_once_and_knows_its_secret(receiver: Receiver) -> None:
    refused, silent = event_that(0), event_that(1)

    answers = [post(receiver, refused), post(receiver, refused), post(receiver, refused, b"another")]
    with pytest.raises(OSError, match="closed connection"):
        post(receiver, silent)

    assert answers == [500, 204, 204]
    assert [(arrival.id, arrival.signed, arrival.taken) for arrival in written(receiver.journal)] == [
        (refused, True, False),
        (refused, True, True),
        (refused, False, True),
        (silent, True, True),
    ]
    assert json.loads(receiver.journal.read_text().splitlines()[0])["shop"] == "alder"
