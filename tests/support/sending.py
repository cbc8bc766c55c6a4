"""A sender of the tests' own, which says and does as it is told, and a call for it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection

from events.models import Outgoing
from events.outgoing.calls import Call, State, send_later
from events.publishing.unit_of_work import unit_of_work
from events.subscribing import Backoff
from kernel.ids import new_id


class FakeSender:
    kind = "tests.fake"
    queue = "mail"
    backoff = Backoff(base=0.0, cap=0.0, attempts=3)
    lease_seconds = 60

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.in_transaction: list[bool] = []
        self.errors: list[Exception] = []
        self.recorded: list[Any] = []
        self.failures: list[State] = []

        self.meanwhile: Callable[[], object] | None = None

    def send(self, call: Call) -> str:
        self.calls.append(call)
        self.in_transaction.append(connection.in_atomic_block)
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.errors:
            raise self.errors.pop(0)
        return "taken"

    def record(self, _call: Call, outcome: str) -> None:
        self.recorded.append(outcome)

    def record_failure(self, _call: Call, _error: Exception, state: State) -> None:
        self.failures.append(state)


def wanted(key: UUID | None = None) -> Outgoing:
    key = key or new_id()
    with unit_of_work():
        send_later(FakeSender.kind, key)
    return Outgoing.objects.get(key=key)
