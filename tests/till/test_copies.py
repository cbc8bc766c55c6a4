"""Copies of receipts: the first print is everybody's, a copy is what the role says (SH18)."""

from collections.abc import Callable

import pytest

from kernel.tenancy import in_tenant
from pos.models import Receipt
from staff.duty.models import Approval
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk
from tests.support.crew import Person, person, set_rule


@pytest.fixture
def crew(committed: Tenant) -> tuple[Person, Person]:
    make.variant("MUG", 1000, barcode="4006381333955")
    make.shift()
    return person("ANNA", "cashier"), person("BEN", "shift supervisor")


def sell(clerk: Clerk, who: Person) -> None:
    clerk.sign_in(who.code, who.pin)
    clerk.reads(".bar .who", who.member.name)
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.take("Cash", "10")
    clerk.finished()


def print_first(clerk: Clerk, who: Person) -> None:
    sell(clerk, who)
    clerk.press("Print")
    assert "COPY" not in clerk.prints(1)


def test_sh18_a_copy_is_printed_with_an_approval(
    crew: tuple[Person, Person], open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    anna, ben = crew
    set_rule("cashier", "reprint", "approval")
    clerk = open_till()
    print_first(clerk, anna)
    clerk.press("Print")
    clerk.reads("dialog", "a copy of a receipt")
    assert clerk.violations() == []
    clerk.approve(ben.code, ben.pin, "Lost by the customer")

    assert "COPY 1" in clerk.prints(2)
    with in_tenant(committed):
        approval = Approval.objects.get()
        assert (approval.actions, approval.consumed_at is not None) == (["reprint"], True)
        assert Receipt.objects.get(kind="ORDER").print_count == 2


def test_sh18_a_copy_that_the_role_denies_is_not_printed(
    crew: tuple[Person, Person], open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    anna, _ = crew
    set_rule("cashier", "reprint", "deny")
    clerk = open_till()
    print_first(clerk, anna)
    clerk.press("Print")
    clerk.reads(".notice", "your role prints no copies of receipts")
    assert clerk.violations() == []

    clerk.prints(1)
    with in_tenant(committed):
        assert Receipt.objects.get(kind="ORDER").print_count == 1


def test_a_print_whose_page_was_lost_is_no_print(
    crew: tuple[Person, Person], open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    anna, _ = crew
    set_rule("cashier", "reprint", "deny")
    clerk = open_till()
    lost = [True]
    clerk.page.route(
        "**/api/v1/receipts/*",
        lambda route: (
            route.abort() if "html" in route.request.headers["accept"] and lost and lost.pop() else route.continue_()
        ),
    )
    sell(clerk, anna)
    clerk.press("Print")
    clerk.reads(".notice", "Not printed")
    clerk.press("Print")

    assert "COPY" not in clerk.prints(1)
    with in_tenant(committed):
        assert Receipt.objects.get(kind="ORDER").print_count == 1
