"""The clock of a return is treated as that of an order: what cannot be right is dated by ours, with an exception."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from kernel.ids import new_id
from pos.models import ExceptionCase, Order, Return, Shift
from tests.support import make
from tests.support.day import closed, opened
from tests.support.selling import shift_of_now
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

WRONG = ["2015-06-01T12:00:00Z", "2090-06-01T12:00:00Z", "1999-01-01T12:00:00Z"]
MUG = {"sku": "MUG", "unit_price": {"amount": 500}, "quantity": "1"}
CASH = [{"type": "cash", "amount": {"amount": 500}}]


@pytest.fixture
def till(api: Terminal) -> Terminal:
    make.variant("MUG", 500)
    return api


def returned(till: Terminal, occurred_at: datetime | str, clock: timedelta | None = None) -> Any:
    body = {"id": str(new_id()), "occurred_at": str(occurred_at).replace(" ", "T"), "lines": [MUG]}
    headers = {**till.headers, "Idempotency-Key": str(new_id())}
    if clock is not None:
        headers["X-Device-Time"] = (timezone.now() + clock).isoformat()
    return till.client.post("/api/v1/returns", body, format="json", headers=headers)


def exchanged(till: Terminal, occurred_at: str, **more: Any) -> Any:
    brought = {"id": str(new_id()), "lines": [MUG]}
    wanted = {"id": str(new_id()), "lines": [{"sku": "MUG", "quantity": "2"}]}
    return till.post(
        "/exchanges", {"occurred_at": occurred_at, "brought": brought, "wanted": wanted, "tenders": CASH, **more}
    )


def kinds() -> list[str]:
    return sorted(ExceptionCase.objects.values_list("kind", flat=True))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_return_is_dated_by_the_server(till: Terminal, wrong: str) -> None:
    shift_of_now()

    answer = returned(till, wrong)

    assert answer.status_code == 201, answer.content
    row, case = Return.objects.get(), ExceptionCase.objects.get()
    assert row.occurred_at == row.recorded_at
    assert (case.kind, case.command_id, case.register_id) == ("clock-skew", row.id, row.register_id)
    assert datetime.fromisoformat(case.payload["reported"]) == datetime.fromisoformat(wrong)


def test_a_return_is_corrected_by_what_the_device_says(till: Terminal) -> None:
    shift_of_now()
    ahead = timedelta(hours=2)

    returned(till, timezone.now() + ahead - timedelta(minutes=3), clock=ahead)

    assert abs(Return.objects.get().occurred_at - (timezone.now() - timedelta(minutes=3))) < timedelta(minutes=1)
    assert kinds() == ["clock-skew"]


def test_a_right_clock_opens_nothing(till: Terminal) -> None:
    shift_of_now()
    moment = timezone.now() - timedelta(minutes=3)

    returned(till, moment)

    assert (Return.objects.get().occurred_at, kinds()) == (moment, [])


@pytest.mark.parametrize("wrong", WRONG)
def test_an_exchange_is_dated_by_the_server_once(till: Terminal, wrong: str) -> None:
    shift_of_now()

    answer = exchanged(till, wrong)

    assert answer.status_code == 201, answer.content
    row, order = Return.objects.get(), Order.objects.get()
    assert row.occurred_at == order.occurred_at == order.recorded_at
    assert row.business_date == order.business_date
    assert [each["kind"] for each in answer.json()["order"]["exceptions"]] == kinds() == ["clock-skew"]


def test_a_paid_exchange_is_accepted_after_the_shift_was_closed(till: Terminal) -> None:
    shift = opened(till)
    closed(till, shift, 10000)

    answer = exchanged(till, timezone.now().isoformat())

    assert answer.status_code == 201, answer.content
    assert "late-order" in kinds()
    assert Return.objects.get().shift_id == Order.objects.get().shift_id == Shift.objects.get().id


def test_an_exchange_that_is_not_paid_needs_an_open_shift(till: Terminal) -> None:
    shift = opened(till)
    closed(till, shift, 10000)
    even = {"id": str(new_id()), "lines": [{"sku": "MUG", "quantity": "1"}]}

    with nothing_happened():
        refused = exchanged(till, timezone.now().isoformat(), wanted=even, tenders=[])

    assert (refused.status_code, refused.json()["code"]) == (409, "shift-not-open")
