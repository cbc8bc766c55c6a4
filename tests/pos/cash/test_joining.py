"""Sales that no shift was open for join the next one of their drawer: the sum of all Z reports is that of all orders."""

import json
from typing import Any

import pytest
from django.utils import timezone

from events.testing.work import published, settle
from kernel.ids import new_id
from pos.cash.services.shifts import open_shift
from pos.models import Order, Receipt, Register, Shift, ShiftAmendment
from tenants.models import Tenant
from tests.support import make
from tests.support.day import closed, opened
from tests.support.selling import sale, send
from tests.support.terminal import Terminal
from tests.support.verifying import require_sound


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    make.variant("MUG", 1000)
    return api


def sold_without_shift(till: Terminal, **more: Any) -> str:
    answer = send(till, sale(**more))
    assert (answer.status_code, answer.json()["shift_id"]) == (201, None)
    return str(answer.json()["id"])


def reported() -> list[int]:
    """What Z reports and amendments say that was sold, in their order."""
    reports = Receipt.objects.filter(kind__in=["Z", "CORRECTION"]).order_by("id")
    return [sum(each["sales"]["total"] for each in _read(report)["registers"]) for report in reports]


def _read(report: Receipt) -> Any:
    return json.loads(report.snapshot)


@pytest.mark.parametrize("heard_before", [True, False])
def test_a_sale_without_a_shift_is_in_the_z_of_the_next_one(till: Terminal, heard_before: bool) -> None:
    order = sold_without_shift(till)
    if heard_before:
        settle()
    shift = opened(till)
    settle()
    send(till, sale())
    closed(till, shift, 0)
    settle()

    assert str(Order.objects.get(id=order).shift_id) == shift
    assert reported() == [2000]
    z = _read(Receipt.objects.get(kind="Z"))
    assert [(each["kind"], each["amount"]) for each in z["tenders"]] == [("CASH", 2000)]
    assert len(published("pos.order_joined_shift")) == 1
    require_sound()


def test_closed_before_that_was_heard_it_is_in_an_amendment(till: Terminal) -> None:
    sold_without_shift(till)
    shift = opened(till)
    closed(till, shift, 0)
    settle()

    assert reported() == [0, 1000]
    assert ShiftAmendment.objects.get().shift == Shift.objects.get()
    require_sound()


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_sale_that_commits_while_its_drawers_first_shift_is_opened_joins_that_one(
    till: Terminal, monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    """The sale has looked for a shift before that was committed, and its opening was heard before the sale was."""
    shift = opened(till)
    settle()
    if is_closed:
        closed(till, shift, 0)
        settle()
    with monkeypatch.context() as before:
        before.setattr("pos.orders.arriving.find_open_shift", lambda _register: None)
        before.setattr("pos.orders.arriving._shift_at", lambda *_: None)
        order = sold_without_shift(till)
    settle()
    if not is_closed:
        closed(till, shift, 0)
        settle()

    assert str(Order.objects.get(id=order).shift_id) == shift
    assert reported() == ([0, 1000] if is_closed else [1000])
    assert len(published("pos.order_joined_shift")) == 1
    require_sound()
    Order.objects.filter(id=order).update(shift=None, completed_at=timezone.now())
    with pytest.raises(AssertionError, match="sales without a shift have joined the next one"):
        require_sound()


def test_it_joins_one_shift_once(till: Terminal) -> None:
    sold_without_shift(till)
    sold_without_shift(till)
    for _ in range(2):
        shift = opened(till)
        settle()
        closed(till, shift, 0)
        settle()

    assert reported() == [2000, 0]
    assert sum(reported()) == sum(Order.objects.values_list("total", flat=True))
    require_sound()


def test_the_shift_of_another_drawer_is_not_joined(till: Terminal) -> None:
    order = sold_without_shift(till)
    other = Register.objects.create(code="R2", name="Till 2", location=make.register().location)
    open_shift(id=new_id(), register=other, float_amount=0, now=timezone.now())
    settle()

    assert Order.objects.get(id=order).shift_id is None
    require_sound()


def test_verify_names_a_sale_that_was_left_out(till: Terminal) -> None:
    order = sold_without_shift(till)
    opened(till)
    settle()
    Order.objects.filter(id=order).update(shift=None)

    with pytest.raises(AssertionError, match="sales without a shift have joined the next one"):
        require_sound()
