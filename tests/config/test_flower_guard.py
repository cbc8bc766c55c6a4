"""W7: Flower's password has the limit of the admin's door."""

import base64
from typing import Any

import pytest
from flower.views import BaseHandler
from flower.views.monitor import Metrics
from tornado.web import Finish, HTTPError

from config.flower_guard import Attempt, limit_sign_ins
from events.models import AuditEntry
from kernel.tenancy import in_public_schema
from tests.support.people import sign_in


class Now:
    """A thread pool that runs at once, in the test's own thread and transaction."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def submit(self, work: Any) -> Any:
        found = work()
        return type("Done", (), {"result": lambda self: found})()


class Handler:
    """What the guard sees of one of Flower's handlers."""

    def __init__(self, password: str | None, address: str = "10.0.0.1") -> None:
        login = base64.b64encode(f"admin:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"} if password is not None else {}
        options = type("Options", (), {"basic_auth": ["admin:right"], "auth": ""})
        self.application = type("Application", (), {"options": options})
        self.request = type("Request", (), {"headers": headers, "remote_ip": address})
        self.answer: dict[str, Any] = {}
        self.current_user: Any = None

    def set_status(self, status: int) -> None:
        self.answer["status"] = status

    def finish(self, text: str) -> None:
        self.answer["text"] = text

    def set_header(self, name: str, value: str) -> None:
        self.answer[name] = value


@pytest.fixture
def ask(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(BaseHandler, "get_current_user", BaseHandler.get_current_user)
    monkeypatch.setattr(Metrics, "prepare", Metrics.prepare)
    monkeypatch.setattr("config.flower_guard.ThreadPoolExecutor", Now)
    monkeypatch.setattr("config.flower_guard.close_old_connections", lambda: None)
    limit_sign_ins()

    def asking(password: str | None, address: str = "10.0.0.1") -> int:
        handler = Handler(password, address)
        try:
            BaseHandler.get_current_user(handler)
        except HTTPError as error:
            return int(error.status_code)
        except Finish:
            assert handler.answer["Retry-After"] == "900"
            return int(handler.answer["status"])
        return 200

    with in_public_schema():
        yield asking


def test_w07_flower_locks_after_five_failures(ask: Any) -> None:
    answers = [ask(f"wrong {number}") for number in range(8)]

    assert answers == [401] * 5 + [429] * 3
    assert ask("right", address="10.0.0.2") == 429
    details = AuditEntry.objects.filter(subject="flower:admin").order_by("id").values_list("detail", "address")
    assert list(details) == [("", "10.0.0.1")] * 4 + [("locked out", "10.0.0.1")]


def test_w07_flower_counts_an_address_together_with_the_shops_doors(ask: Any, settings: Any) -> None:
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 3
    for number in range(3):
        sign_in(f"nobody{number}", "wrong", address="10.0.0.1")

    assert ask("right") == 429
    assert ask("right", address="10.0.0.2") == 200


def test_w07_a_right_password_forgives_what_was_mistyped(ask: Any) -> None:
    answers = [ask("wrong"), ask("right"), *[ask("wrong") for _ in range(4)], ask("right")]

    assert answers == [401, 200, 401, 401, 401, 401, 200]


def test_w07_who_gives_no_password_is_asked_for_one_and_not_counted(ask: Any) -> None:
    assert [ask(None) for _ in range(7)] == [401] * 7
    assert ask("right") == 200


def test_w07_nonsense_for_a_password_counts(db: None) -> None:
    from config.flower_guard import _name_in

    assert _name_in("Basic ///") == ""
    assert _name_in("Bearer x") is None
    assert Attempt("admin", "10.0.0.1", "").failures == 0


@pytest.mark.parametrize(
    ("header", "status"),
    [("", 401), ("Bearer wrong", 401), ("Basic right", 200), ("Basic wrong", 401), ("Bearer t", 200)],
)
def test_w07_flowers_metrics_need_its_password_or_the_token(ask: Any, settings: Any, header: str, status: int) -> None:
    settings.METRICS_TOKEN = "t"
    scheme, _, word = header.partition(" ")
    handler = Handler(word if scheme == "Basic" else None)
    if scheme == "Bearer":
        handler.request.headers["Authorization"] = header

    try:
        handler.current_user = scheme != "Bearer" and BaseHandler.get_current_user(handler)
        Metrics.prepare(handler)
    except HTTPError as error:
        assert error.status_code == status
    else:
        assert handler.answer.get("status", 200) == status
