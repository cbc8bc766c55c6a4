"""Shares of a web process's threads: decided by the host, before Django, for as long as an answer is being sent."""

import json
from collections.abc import Iterable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from config.liveness import Liveness
from config.shares import ALONE_SECONDS, ThreadShares
from config.wsgi import shares as deployed
from tests.support.waiting import wait_for

TENANTS = {"a.test": "a", "b.test": "b", "other.a.test": "a"}


class Slow:
    """An application whose answers wait until they may end."""

    def __init__(self) -> None:
        self.may_end = Event()
        self.begun: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.begun.append(environ["HTTP_HOST"])
        start_response("200 OK", [])
        return self._body()

    def _body(self) -> Iterator[bytes]:
        yield b"one"
        self.may_end.wait(30)
        yield b"two"


@pytest.fixture
def slow() -> Iterator[Slow]:
    application = Slow()
    yield application
    application.may_end.set()


def shares(application: Any, **options: Any) -> ThreadShares:
    return ThreadShares(
        application, **{"threads": 8, "of_one": 4, "tenant_at": TENANTS.get, "patience": 0.0, **options}
    )


class Asked:
    """What a request was answered; its body is read no further than the first piece until it is closed."""

    def __init__(self, around: ThreadShares, host: str, path: str = "/api/v1/orders", **environ: str) -> None:
        self.status, self.headers = "", {}
        self.body: Any = around({"HTTP_HOST": host, "PATH_INFO": path, **environ}, self._start)
        self.first = next(iter(self.body))

    def _start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status[:3], dict(headers)

    def close(self) -> None:
        self.body.close()
        self.body.close()


def with_others(around: ThreadShares) -> ThreadShares:
    """Let another tenant have asked, so that nobody is alone."""
    Asked(around, "b.test").close()
    return around


def statuses(around: ThreadShares, *hosts: str, path: str = "/api/v1/orders", **environ: str) -> list[str]:
    return [Asked(around, host, path, **environ).status for host in hosts]


def test_w04_one_tenant_holds_its_share_and_another_goes_on(slow: Slow) -> None:
    around = shares(slow)

    assert statuses(around, *["a.test:8000"] * 6) == ["200"] * 4 + ["503"] * 2
    assert statuses(around, "B.TEST") == ["200"]


def test_w04_who_is_turned_away_is_told_when_to_come_back(slow: Slow) -> None:
    around = with_others(shares(slow, of_one=1, threads=2))
    Asked(around, "a.test")
    asked = Asked(around, "a.test")

    problem = json.loads(asked.first)
    assert (asked.headers["Retry-After"], asked.headers["Content-Type"]) == ("1", "application/problem+json")
    assert (problem["status"], problem["code"], problem["instance"]) == (503, "shop-busy", "/api/v1/orders")
    assert slow.begun == ["b.test", "a.test"]


def test_w04_hosts_of_one_tenant_share_its_part(slow: Slow) -> None:
    assert statuses(shares(slow), *["a.test", "other.a.test"] * 3) == ["200"] * 4 + ["503"] * 2


def test_w04_hosts_that_are_not_known_share_one_part(slow: Slow) -> None:
    around = shares(slow)

    assert statuses(around, *(f"x{number}.test" for number in range(6))) == ["200"] * 4 + ["503"] * 2
    assert statuses(around, "a.test") == ["200"]


def test_w04_the_last_thread_is_for_whoever_has_none(slow: Slow) -> None:
    around = shares(slow)

    assert statuses(around, *["a.test"] * 4, *["b.test"] * 4) == ["200"] * 7 + ["503"]
    assert statuses(around, "c.test") == ["200"]


def test_w04_a_tenant_that_is_alone_has_half_of_the_threads(slow: Slow) -> None:
    now = [100.0]
    around = shares(slow, of_one=2, clock=lambda: now[0])
    alone = [Asked(around, "a.test") for _ in range(5)]
    statuses(around, "127.0.0.1", path="/readyz")
    Asked(around, "b.test").close()
    for asked in alone[:4]:
        asked.close()

    together = statuses(around, *["a.test"] * 3)
    now[0] += ALONE_SECONDS + 1
    after = statuses(around, *["a.test"] * 3)

    assert [asked.status for asked in alone] == ["200"] * 4 + ["503"]
    assert (together, after) == (["200", "200", "503"], ["200", "200", "503"])


def test_w04_a_tenant_that_has_held_a_thread_all_the_time_gets_one_while_others_are_there() -> None:
    now = [0.0]

    def work(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"done"]

    around = shares(work, clock=lambda: now[0])

    def hold(seconds: float) -> None:
        """Hold two threads for so long, while another tenant asks."""
        with_others(around)
        held = [Asked(around, "a.test"), Asked(around, "a.test")]
        now[0] += seconds
        for asked in held:
            if asked.status == "200":
                asked.close()

    for _ in range(6):
        hold(1.0)
    with_others(around)
    first = Asked(around, "a.test")
    assert (first.status, *statuses(around, "a.test")) == ("200", "503")

    first.close()
    now[0] += 4.0
    with_others(around)
    assert statuses(around, "a.test", "a.test") == ["200", "200"]


def test_w04_live_feeds_have_a_part_beside_their_tenants_requests(slow: Slow) -> None:
    around = with_others(shares(slow, of_one=2))

    assert statuses(around, *["a.test"] * 3, path="/api/v1/events/stream") == ["200", "200", "503"]
    assert statuses(around, *["a.test"] * 3) == ["200", "200", "503"]


def test_w04_live_feeds_that_have_ended_leave_their_part_free(slow: Slow) -> None:
    now = [0.0]
    around = shares(slow, of_one=2, clock=lambda: now[0])
    for _ in range(2):
        with_others(around)
        feeds = [Asked(around, "a.test", "/api/v1/events/stream") for _ in range(2)]
        assert [feed.status for feed in feeds] == ["200", "200"]
        now[0] += 55.0
        for feed in feeds:
            feed.close()


def test_w18_a_process_that_turns_everybody_away_is_seen_to_live(slow: Slow) -> None:
    around = shares(slow, threads=2, of_one=1)
    deaf = {"HTTP_HOST": "a.test", "wsgi.input": None, "CONTENT_LENGTH": "9" * 20, "CONTENT_TYPE": "x; x*=bogus''a"}
    assert statuses(around, "a.test", "a.test") == ["200", "503"]

    for method, status in [("GET", "200"), ("HEAD", "200"), ("POST", "405"), ("TRACE", "405")] * 50:
        environ = {**deaf, "PATH_INFO": "/healthz", "REQUEST_METHOD": method}
        seen: list[str] = []
        Liveness(around)(environ, lambda line, _headers, seen=seen: seen.append(line[:3]))
        assert seen == [status]


def test_w18_probes_past_the_proxy_do_not_wait_for_those_that_came_through_it(slow: Slow) -> None:
    around = with_others(shares(slow, of_one=1))

    for path in ("/readyz", "/metrics"):
        assert statuses(around, *["a.test"] * 2, path=path, HTTP_X_FORWARDED_FOR="192.0.2.1") == ["200", "503"]
        assert statuses(around, *["127.0.0.1"] * 2, path=path) == ["200", "503"]


def test_w04_a_thread_is_held_until_the_answer_is_closed_once(slow: Slow) -> None:
    around = with_others(shares(slow, of_one=1))
    asked = Asked(around, "a.test")
    assert statuses(around, "a.test") == ["503"]

    asked.close()

    assert around.running.total() == 0
    assert statuses(around, "a.test", "a.test") == ["200", "503"]


def test_w04_an_error_of_the_application_frees_its_thread() -> None:
    def broken(_environ: Any, _start: Any) -> Iterable[bytes]:
        raise OSError("down")

    around = shares(broken, of_one=1)
    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            Asked(around, "a.test")


def test_w04_a_few_wait_for_a_moment(slow: Slow) -> None:
    around = with_others(shares(slow, of_one=2, threads=4, patience=30))
    first, second = Asked(around, "a.test"), Asked(around, "a.test")
    late: list[Asked] = []
    thread = Thread(target=lambda: late.append(Asked(around, "a.test")))
    thread.start()
    wait_for(lambda: around.waiting["a"] == 1)

    assert statuses(around, "a.test") == ["503"]
    first.close()
    thread.join(30)

    assert [asked.status for asked in late] == ["200"]
    assert second.status == "200"
    assert around.waiting.total() == 0


def test_w04_the_web_processes_have_shares(settings: Any) -> None:
    assert isinstance(deployed, ThreadShares)
    assert (deployed.threads, deployed.of_one) == (settings.WEB_THREADS, settings.WEB_THREADS_OF_ONE) == (16, 2)


def test_in06_a_host_has_one_share_however_it_is_written() -> None:
    asked: list[str] = []
    shares = ThreadShares(lambda _environ, _start: [], threads=4, of_one=2, tenant_at=asked.append)

    for host in ("north.localhost", "NORTH.localhost.", "North.localhost.:8000"):
        shares._tenant_of({"HTTP_HOST": host})

    assert set(asked) == {"north.localhost"}
