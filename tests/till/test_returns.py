"""Returns at the till: the order is found by its receipt, which is scanned."""

from collections.abc import Callable

import pytest

from kernel.tenancy import in_tenant
from pos.models import Return
from tenants.models import Tenant
from tests.support import make
from tests.support.browsing import Served
from tests.support.clerk import Clerk


@pytest.fixture
def clerk(open_till: Callable[..., Clerk], committed: Tenant) -> Clerk:
    make.variant("MUG", 1000)
    make.order(make.cash(3000), lines=[make.asked(quantity="3")])
    return open_till()


def test_one_of_three_comes_back_by_scanning_the_receipt(clerk: Clerk, committed: Tenant) -> None:
    clerk.scan("R1-000001")
    clerk.press("Take one more The MUG back")
    clerk.type_into("Reason", "A crack")
    clerk.press("Give the money back")
    clerk.reads("#given-back", "10.00")
    clerk.picture("given-back")
    clerk.press("Print")
    clerk.prints(1)
    clerk.press("Back to the sale")
    clerk.scan("R1-000001")
    clerk.reads(".line", "2 of 3 may come back")

    with in_tenant(committed):
        returned = Return.objects.get()
        assert (returned.total, returned.reason) == (1000, "A crack")


def test_a_receipt_that_there_is_not_is_said(clerk: Clerk) -> None:
    clerk.press("Return")
    clerk.type_into("Receipt", "R1-000099")
    clerk.press("Find", exact=True)

    clerk.reads(".field .error", "No sale has the receipt R1-000099.")


def test_o1_a_return_whose_answer_was_lost_is_one(clerk: Clerk, server: Served, committed: Tenant) -> None:
    lost = [True, True]
    server.loses = lambda method, path: path.endswith("/returns") and method == "POST" and bool(lost) and lost.pop()
    clerk.scan("R1-000001")
    clerk.press("Everything")
    clerk.press("Give the money back")
    clerk.reads("#given-back", "30.00")

    (key,) = set(server.keys["/api/v1/returns"])
    assert server.keys["/api/v1/returns"] == [key] * 3
    with in_tenant(committed):
        assert Return.objects.count() == 1
