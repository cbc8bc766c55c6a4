"""What the shop owes at the till: money that a card's bank has refused to take back."""

from collections.abc import Callable
from typing import Any

import pytest

from events.testing.work import settle
from kernel.tenancy import in_tenant
from payments.gateways.gateway import Answer
from payments.gateways.simulator import SimulatedGateway
from payments.models import SimulatedCharge
from pos.models import Refund
from tenants.models import Tenant
from tests.support import make
from tests.support.browsing import Served
from tests.support.clerk import Clerk
from tests.support.crew import person, set_rule


@pytest.fixture
def debt(committed: Tenant, monkeypatch: pytest.MonkeyPatch) -> Refund:
    """10.00 that a card did not take back."""

    def refuse(_gateway: SimulatedGateway, **_asked: Any) -> Answer:
        return Answer(approved=False, reference="", reason="card expired")

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedGateway, "refund", refuse)
        make.variant("MUG", 1000)
        return make.refused_refund()


@pytest.fixture
def clerk(debt: Refund, open_till: Callable[..., Clerk]) -> Clerk:
    clerk = open_till()
    clerk.press("Return")
    clerk.press("Owed to customers")
    return clerk


def pay(clerk: Clerk, way: str) -> None:
    clerk.press("Pay what is owed of R1-R000001")
    clerk.page.locator("dialog").get_by_label(way).check()
    clerk.page.locator("dialog button.main").click()


def test_sh10_what_is_owed_is_paid_in_cash(clerk: Clerk, debt: Refund, committed: Tenant) -> None:
    clerk.reads(".parked li", "card expired")
    clerk.reads(".parked li", "10.00")
    clerk.picture("owed")
    assert clerk.violations() == []
    pay(clerk, "Cash")
    clerk.reads("main", "Nothing is owed.")

    with in_tenant(committed):
        instead = Refund.objects.get(instead_of=debt.id)
        assert (instead.amount, instead.type.code, instead.state) == (1000, "cash", "COMPLETED")


def test_sh10_the_card_is_tried_once_more(clerk: Clerk, debt: Refund, committed: Tenant) -> None:
    pay(clerk, "once more")
    clerk.reads("main", "Nothing is owed.")

    with in_tenant(committed):
        SimulatedCharge.objects.update(refunds={})
        settle()
        instead = Refund.objects.get(instead_of=debt.id)
        assert (instead.amount, instead.state) == (1000, "COMPLETED")


def test_sh10_a_payment_whose_answer_was_lost_is_one(
    clerk: Clerk, server: Served, debt: Refund, committed: Tenant
) -> None:
    lost = [True]
    server.loses = lambda _method, path: path.endswith("/replacements") and bool(lost) and lost.pop()
    pay(clerk, "Cash")
    clerk.reads("main", "Nothing is owed.")

    with in_tenant(committed):
        assert Refund.objects.filter(instead_of=debt.id).count() == 1


def test_sh10_what_a_role_may_not_pay_back_alone_is_approved(
    debt: Refund, open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    anna, ben = person("ANNA", "cashier"), person("BEN", "manager")
    set_rule("cashier", "return_linked", "approval")
    clerk = open_till()
    clerk.sign_in(anna.code, anna.pin)
    clerk.press("Return")
    clerk.press("Owed to customers")
    pay(clerk, "Cash")
    clerk.approve(ben.code, ben.pin, "The card is closed")
    clerk.reads("main", "Nothing is owed.")

    with in_tenant(committed):
        assert Refund.objects.filter(instead_of=debt.id).count() == 1


def test_sh10_what_was_paid_at_another_till_is_refused(clerk: Clerk, debt: Refund, committed: Tenant) -> None:
    with in_tenant(committed):
        make.replaced(debt)
    pay(clerk, "Cash")
    clerk.reads(".refused", "nothing is owed")
    clerk.press("Give it up")
    clerk.everything_is_answered()

    with in_tenant(committed):
        assert Refund.objects.filter(instead_of=debt.id).count() == 1
