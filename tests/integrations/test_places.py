"""W20: the places of live feeds: so many for one shop, and none for a client that has gone away."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.api import live
from integrations.api.places import Place, Places, has_hung_up
from tenants.models import Tenant
from tests.support.terminal import Terminal, terminal


class Client:
    """One end of a real connection, whose other end the web process has."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()

    def hang_up(self) -> None:
        self.theirs.close()


@pytest.fixture
def clients() -> Iterator[list[Client]]:
    made = [Client() for _ in range(9)]
    yield made
    for client in made:
        client.ours.close()
        client.theirs.close()


@pytest.fixture
def till(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(live, "places", Places(in_all=4, for_one=2))
    return terminal("north")


def follow(till: Terminal, client: Client) -> Any:
    extra: dict[str, Any] = {"gunicorn.socket": client.ours}
    return till.client.get("/api/v1/events/stream", headers=till.headers, **extra)


def place(tenant_id: str) -> Place:
    return Place(tenant_id, is_gone=lambda: False, give_up=lambda: None)


def test_w20_quick_reconnects_of_one_feed_always_find_a_place(till: Terminal, clients: list[Client]) -> None:
    answers = []
    for client in clients[:8]:
        answers.append(follow(till, client))
        client.hang_up()

    last = follow(till, clients[8])

    assert [answer.status_code for answer in [*answers, last]] == [200] * 9
    for answer in [*answers, last]:
        answer.close()
    assert live.places._taken == []


def test_w20_a_feed_whose_client_has_gone_ends_at_its_next_look(
    till: Terminal, clients: list[Client], settings: Any
) -> None:
    settings.LIVE_SECONDS = 8.0
    answer = follow(till, clients[0])
    lines = iter(answer)
    next(lines)

    clients[0].hang_up()

    began = time.monotonic()
    assert list(lines) == []
    assert time.monotonic() - began < 5
    answer.close()
    assert live.places._taken == []


def test_w20_a_place_that_was_taken_back_ends_its_feed(till: Terminal, clients: list[Client]) -> None:
    first, second = follow(till, clients[0]), follow(till, clients[1])
    clients[0].hang_up()

    third = follow(till, clients[2])

    assert (second.status_code, third.status_code) == (200, 200)
    assert list(first) == [b"retry: 1000\n\n"]
    assert follow(till, clients[3]).status_code == 503
    for answer in (first, second, third):
        answer.close()


def test_w20_who_still_listens_keeps_the_place_and_a_third_is_told_to_wait(
    till: Terminal, clients: list[Client]
) -> None:
    feeds = [follow(till, client) for client in clients[:2]]
    clients[0].theirs.send(b"x")

    refused = follow(till, clients[2])

    assert (refused.status_code, refused.json()["code"]) == (503, "live-feeds-full")
    assert refused.json()["retry_after"] == 5
    feeds[0].close()
    again = follow(till, clients[3])
    assert again.status_code == 200
    for feed in [*feeds, again]:
        feed.close()


def test_w20_a_shop_whose_places_are_taken_leaves_those_of_others() -> None:
    places = Places(in_all=4, for_one=2)

    assert [places.take(place("north")) for _ in range(3)] == [True, True, False]
    assert [places.take(place("south")) for _ in range(2)] == [True, False]
    assert places.take(place("west")) is True


def test_w20_as_many_shops_as_there_are_places_have_one_each() -> None:
    places, ended = Places(in_all=4, for_one=2), []
    taken = [Place(shop, is_gone=lambda: False, give_up=lambda n=n: ended.append(n)) for n, shop in enumerate("nnswe")]  # type: ignore[misc]

    assert [places.take(each) for each in taken] == [True] * 5
    assert ended == [1]
    assert [places.take(place(shop)) for shop in "nx"] == [False, False]
    assert ended == [1]
    places.give_back(taken[1])
    assert len(places._taken) == 4


def test_w20_a_head_takes_no_place_and_answers_at_once(till: Terminal) -> None:
    heads = [till.client.head("/api/v1/events/stream", headers=till.headers) for _ in range(4)]
    wrong = till.client.head("/api/v1/events/stream?after=x", headers=till.headers)

    assert [(each.status_code, each["Content-Type"], list(each)) for each in heads] == [
        (200, "text/event-stream", [])
    ] * 4
    assert wrong.status_code == 400
    assert live.places._taken == []


def test_w20_a_place_is_given_back_once() -> None:
    places = Places(in_all=2, for_one=2)
    first, second = place("north"), place("north")
    places.take(first)
    places.take(second)

    places.give_back(first)
    places.give_back(first)

    assert places.take(place("north")) is True
    assert places.take(place("north")) is False


def test_w20_a_connection_tells_whether_its_client_is_there(clients: list[Client]) -> None:
    quiet, talking, closed, gone = clients[:4]
    talking.theirs.send(b"GET")
    closed.ours.close()
    gone.hang_up()

    found = [has_hung_up(client.ours) for client in (quiet, talking, closed, gone)]

    assert (has_hung_up(None), found) == (False, [False, False, True, True])
    assert talking.ours.recv(3) == b"GET"
