"""The currency of a location is changed while the first document there is made: both cannot be."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from events.publishing.unit_of_work import unit_of_work
from events.testing.work import published
from kernel.ids import new_id
from pos.cash.services import open_shift
from pos.models import Location, Order, Register, Shift
from pos.orders.services.placing import place_order
from pos.orders.services.refusals import CurrencyMismatch
from pos.parking.services import park_order
from tenants.models import Tenant
from tests.support import make
from tests.support.racing import Aside


@pytest.fixture
def remembered(committed: Tenant) -> Register:  # noqa: ARG001
    """Return a register of a new location as a process remembers it."""
    make.variant()
    branch = Location.objects.create(code="B", name="Branch", currency="EUR")
    Register.objects.create(code="B1", name="Branch till", location=branch)
    return Register.objects.select_related("location").get(code="B1")


def sell(register: Register) -> Order:
    return place_order(
        id=new_id(),
        register=register,
        device=None,
        lines=[make.asked(unit_price=1000)],
        tenders=[make.cash(1000)],
        occurred_at=make.NOW,
        now=timezone.now(),
        fingerprint="",
    )


def park(register: Register) -> Order:
    return park_order(
        id=new_id(),
        register=register,
        device=None,
        lines=[make.asked(unit_price=1000)],
        discounts=[],
        cart={},
        now=timezone.now(),
        fingerprint="",
    )


def open_(register: Register) -> Shift:
    return open_shift(id=new_id(), register=register, float_amount=0, now=timezone.now())


def to_dollars() -> None:
    Location.objects.filter(code="B").update(currency="USD")


@pytest.mark.parametrize("document", [sell, park])
def test_what_was_begun_in_the_currency_before_is_refused(
    remembered: Register, document: Callable[[Register], Order]
) -> None:
    to_dollars()

    with pytest.raises(CurrencyMismatch, match="is in EUR, and this register works in USD"):
        document(remembered)

    assert not Order.objects.exists()


def test_a_shift_is_announced_in_the_currency_that_it_fixes(remembered: Register) -> None:
    to_dollars()

    open_(remembered)

    (opened,) = published("pos.shift_opened")
    assert opened.data["currency"] == "USD"


@pytest.mark.parametrize("document", [sell, park, open_])
def test_the_currency_is_not_changed_while_the_first_document_is_made(
    committed: Tenant, remembered: Register, document: Callable[[Register], Any]
) -> None:
    with unit_of_work():
        document(remembered)
        changing = Aside(committed, to_dollars)
        changing.thread.join(0.3)
        assert changing.thread.is_alive()

    with pytest.raises(IntegrityError, match="since the first document here"):
        changing.join()
