"""A round is shown to Flower as one task for each of its drains, under the subscriber's name."""

from typing import Any

import pytest
from celery.events.state import State
from celery.utils.saferepr import saferepr
from celery.worker.request import Request

from config.celery import app
from events.delivery.round import Drained
from events.observability.requests import RoundRequest
from events.subscriptions.messages import ROUND

LOCAL = {"local_received": 0.0, "timestamp": 0.0}
"""What a receiver adds, and when a round ended."""


class Dispatcher:
    """Collects what a worker's dispatcher would send."""

    enabled = True

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, kind: str, **fields: Any) -> None:
        self.sent.append({"type": kind, "hostname": "worker@here", "clock": len(self.sent), **LOCAL, **fields})


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher()


@pytest.fixture
def request_of_round(dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> RoundRequest:
    monkeypatch.setattr(Request, "__init__", lambda _request: None)
    request = RoundRequest()
    request._eventer, request._id, request._task = dispatcher, "the round", app.tasks[ROUND]
    monkeypatch.setattr(RoundRequest, "id", "the round", raising=False)
    monkeypatch.setattr(RoundRequest, "task", app.tasks[ROUND], raising=False)
    return request


def result_of(*drained: Drained) -> str:
    """Write a round's result as the process of the pool hands it to its parent."""
    result = {"tenant": "north", "queue": "events", "drained": [each.told for each in drained]}
    return saferepr(result, RoundRequest.LONGEST_RESULT)


def test_each_drain_of_a_round_is_a_task_under_the_subscribers_name(
    request_of_round: RoundRequest, dispatcher: Dispatcher
) -> None:
    complaint = "ValueError: it's \"no\",\n ünïcode \\ and '"
    result = result_of(
        Drained(subscriber="stock.take", handled=3, seconds=0.012),
        Drained(subscriber="mail.send", handled=0, seconds=0.5, failed=complaint),
    )

    request_of_round.send_event("task-succeeded", result=result, runtime=0.6)

    seen = State()
    for event in dispatcher.sent:
        seen.event(event)
    stock, mail = (next(task for _, task in seen.tasks_by_type(name)) for name in ("stock.take", "mail.send"))
    assert (stock.state, stock.kwargs, stock.result) == (
        "SUCCESS",
        "{'tenant': 'north'}",
        "{'tenant': 'north', 'handled': 3}",
    )
    assert (stock.runtime, stock.parent_id, stock.worker.hostname) == (0.012, "the round", "worker@here")
    assert (mail.state, mail.exception.split(":")[0]) == ("FAILURE", "ValueError")
    assert mail.succeeded is None
    assert stock.started <= stock.succeeded
    assert [event["type"] for event in dispatcher.sent if event["uuid"] == "the round"] == ["task-succeeded"]


def test_a_round_whose_answer_was_cut_off_is_shown_as_one_task(
    request_of_round: RoundRequest, dispatcher: Dispatcher
) -> None:
    request_of_round.send_event("task-succeeded", result="{'tenant': 'north', 'drained': [...", runtime=0.6)

    assert [event["uuid"] for event in dispatcher.sent] == ["the round"]


def test_nothing_is_shown_where_task_events_are_off(request_of_round: RoundRequest, dispatcher: Dispatcher) -> None:
    dispatcher.enabled = False

    request_of_round.send_event("task-succeeded", result=result_of(), runtime=0.6)

    assert dispatcher.sent == []


def test_the_task_of_rounds_is_acknowledged_late_limited_and_shown() -> None:
    task, alone = app.tasks[ROUND], app.tasks["inventory.know_variants"]

    assert (task.acks_late, task.reject_on_worker_lost, task.retry_backoff, task.retry_jitter) == (True,) * 4
    assert (task.soft_time_limit, task.time_limit) == (alone.soft_time_limit, alone.time_limit)
    assert (task.Request, task.resultrepr_maxsize) == (RoundRequest, RoundRequest.LONGEST_RESULT)
