"""Exchanges, and goods that come back without a receipt."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from kernel.tenancy import in_tenant
from pos.models import HeldCommand, Order, Return, TenderType
from pos.quarantine.services import accept_command
from tenants.models import Tenant
from tenants.services import reactivate_tenant, suspend_tenant
from tests.support import make
from tests.support.browsing import Served
from tests.support.clerk import Clerk
from tests.support.crew import Person, person

MUG, TEA, POT = "4006381333955", "4006381333948", "4006381333931"


@pytest.fixture(autouse=True)
def _goods(committed: Tenant) -> None:
    make.variant("MUG", 1000, barcode=MUG)
    make.variant("TEA", 500, barcode=TEA)
    make.variant("POT", 2500, barcode=POT)
    make.shift()


@pytest.fixture
def sold(committed: Tenant) -> Order:
    return make.order(make.cash(3000), lines=[make.asked(quantity="3")])


@pytest.fixture
def clerk(open_till: Callable[..., Clerk]) -> Clerk:
    return open_till()


def bring_one_mug(clerk: Clerk) -> None:
    clerk.scan("R1-000001")
    clerk.page.get_by_label("Take one more The MUG back").wait_for()
    clerk.scan(MUG)
    clerk.reads("#worth", "10.00")
    clerk.press("Exchange", exact=True)
    clerk.reads(".back", "R1-000001")


def test_am14_other_goods_are_taken_and_the_difference_is_paid(sold: Order, clerk: Clerk, committed: Tenant) -> None:
    bring_one_mug(clerk)
    clerk.scan(POT)
    clerk.total_is("15.00")
    clerk.picture("exchange")
    assert clerk.violations() == []
    clerk.pay()
    clerk.reads("#due", "15.00")
    clerk.picture("exchange-pay")
    clerk.take("Cash", "20")
    receipt = clerk.finished()
    clerk.reads("#change", "5.00")
    clerk.picture("exchanged")
    assert clerk.violations() == []

    with in_tenant(committed):
        order, returned = Order.objects.exclude(id=sold.id).get(), Return.objects.get()
        assert (order.total, order.receipt, order.exchange_return_id) == (2500, receipt, returned.id)
        assert (returned.total, returned.exchange_order_id) == (1000, order.id)
        tenders = order.tenders.order_by("number")
        assert [(each.kind, each.amount, each.reference) for each in tenders] == [
            ("EXCHANGE", 1000, returned.receipt),
            ("CASH", 2000, ""),
        ]
        assert [(each.kind, each.reference) for each in returned.refunds.all()] == [("EXCHANGE", receipt)]


def test_r6_goods_that_cost_less_leave_money_to_give_back(sold: Order, clerk: Clerk, committed: Tenant) -> None:
    bring_one_mug(clerk)
    clerk.scan(TEA)
    clerk.reads(".sums .total dt", "To give back")
    clerk.total_is("5.00")
    clerk.press("Complete")
    clerk.finished()
    clerk.reads("#change", "5.00")

    with in_tenant(committed):
        refunds = Return.objects.get().refunds.order_by("amount", "kind")
        assert [(each.kind, each.amount) for each in refunds] == [("CASH", 500), ("EXCHANGE", 500)]
        assert Order.objects.exclude(id=sold.id).get().status == "COMPLETED"


def test_o1_an_exchange_whose_answer_was_lost_is_one(
    sold: Order, clerk: Clerk, server: Served, committed: Tenant
) -> None:
    lost = [True, True]
    server.loses = lambda method, path: path.endswith("/exchanges") and bool(lost) and lost.pop()
    bring_one_mug(clerk)
    clerk.scan(POT)
    clerk.total_is("15.00")
    clerk.pay()
    clerk.take("Cash", "15")
    clerk.finished()

    assert len(set(server.keys["/api/v1/exchanges"])) == 1
    with in_tenant(committed):
        assert (Return.objects.count(), Order.objects.count()) == (1, 2)


def test_sh17_a_paid_exchange_in_a_suspended_shop_is_held(sold: Order, clerk: Clerk, committed: Tenant) -> None:
    bring_one_mug(clerk)
    clerk.scan(POT)
    clerk.total_is("15.00")
    clerk.pay()
    suspend_tenant(tenant=committed)
    clerk.take("Cash", "15")
    clerk.page.get_by_role("heading", name="The sale is held").wait_for()
    reactivate_tenant(tenant=committed)

    with in_tenant(committed):
        held = HeldCommand.objects.get()
        assert (held.amount, Return.objects.count(), Order.objects.count()) == (1500, 0, 1)
        accept_command(command_id=held.id, by="user:ada", now=timezone.now())
        assert (Return.objects.get().exchange_order_id, Order.objects.count()) == (held.id, 2)


def test_an_exchange_is_called_off_and_the_goods_are_only_sold(sold: Order, clerk: Clerk, committed: Tenant) -> None:
    bring_one_mug(clerk)
    clerk.scan(POT)
    clerk.total_is("15.00")
    clerk.press("Without it")
    clerk.total_is("25.00")
    clerk.pay()
    clerk.take("Cash", "25")
    clerk.finished()

    with in_tenant(committed):
        assert Return.objects.count() == 0


def test_an_exchange_that_is_cancelled_before_it_is_paid_gives_all_of_it_back(
    sold: Order, clerk: Clerk, committed: Tenant
) -> None:
    bring_one_mug(clerk)
    clerk.scan(POT)
    clerk.total_is("15.00")
    clerk.pay()
    clerk.take("Cash", "5")
    clerk.reads("#due", "10.00")
    clerk.press("Cancel the sale")
    clerk.type_into("Reason", "They have thought better of it")
    clerk.page.locator("dialog button.main").click()
    clerk.page.get_by_role("heading", name="Sale cancelled").wait_for()
    clerk.reads(".sums .total dt", "To give back")
    clerk.reads("#change", "15.00")

    with in_tenant(committed):
        order = Order.objects.exclude(id=sold.id).get()
        assert order.status == "VOIDED"
        assert sum(refund.amount for refund in order.refunds.all() if refund.kind == "CASH") == 1500


def test_nobody_pays_by_an_exchange(sold: Order, clerk: Clerk, committed: Tenant) -> None:
    with in_tenant(committed):
        TenderType.objects.create(code="exchange", name="Exchange", kind="EXCHANGE")
    clerk.page.reload()
    clerk.page.locator("#search").wait_for()
    clerk.scan(TEA)
    clerk.total_is("5.00")
    clerk.pay()

    assert clerk.page.get_by_role("button", name="Exchange").count() == 0


def test_sh3_goods_without_a_receipt_come_back_at_the_price_that_was_paid(clerk: Clerk, committed: Tenant) -> None:
    clerk.press("Return or exchange")
    clerk.press("Without a receipt")
    clerk.scan(MUG)
    clerk.reads("#worth", "10.00")
    clerk.press("Take one more The MUG back")
    clerk.type_into("Price that was paid for one The MUG", "8.50")
    clerk.type_into("Reason", "A gift")
    clerk.reads("#worth", "17.00")
    clerk.picture("return-without-receipt")
    assert clerk.violations() == []
    clerk.press("Give the money back")
    clerk.reads("#given-back", "17.00")

    with in_tenant(committed):
        returned = Return.objects.get()
        assert (returned.order, returned.total, returned.reason) == (None, 1700, "A gift")
        assert [(each.kind, each.amount) for each in returned.refunds.all()] == [("CASH", 1700)]


def test_sh3_more_than_the_limit_of_the_place_is_said_before_it_is_sent(clerk: Clerk, committed: Tenant) -> None:
    clerk.press("Return or exchange")
    clerk.press("Without a receipt")
    clerk.type_into("Barcode or SKU", "POT")
    clerk.press("Add", exact=True)
    clerk.reads("#worth", "25.00")
    clerk.type_into("Price that was paid for one The POT", "100.01")
    clerk.reads(".field .error", "100.00")

    with in_tenant(committed):
        assert Return.objects.count() == 0


@pytest.fixture
def crew(committed: Tenant) -> tuple[Person, Person]:
    return person("ANNA", "cashier"), person("BEN", "shift supervisor")


def test_sh18_a_return_without_a_receipt_is_approved(
    crew: tuple[Person, Person], clerk: Clerk, committed: Tenant
) -> None:
    anna, ben = crew
    clerk.sign_in(anna.code, anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.press("Return or exchange")
    clerk.press("Without a receipt")
    clerk.scan(MUG)
    clerk.reads("#worth", "10.00")
    clerk.press("Give the money back")
    clerk.approve(ben.code, ben.pin, "I know her")
    clerk.reads("#given-back", "10.00")

    with in_tenant(committed):
        returned = Return.objects.get()
        assert (returned.staff_id, returned.approval_id is not None) == (anna.id, True)


def test_sh18_an_exchange_is_approved_before_anything_is_paid(
    crew: tuple[Person, Person], clerk: Clerk, committed: Tenant
) -> None:
    anna, ben = crew
    clerk.sign_in(anna.code, anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.press("Return or exchange")
    clerk.press("Without a receipt")
    clerk.scan(MUG)
    clerk.reads("#worth", "10.00")
    clerk.press("Exchange", exact=True)
    clerk.scan(POT)
    clerk.total_is("15.00")
    clerk.pay()
    clerk.approve(ben.code, ben.pin, "I know her")
    clerk.page.locator("dialog").wait_for(state="detached")
    clerk.take("Cash", "15")
    clerk.finished()

    with in_tenant(committed):
        order = Order.objects.get()
        assert (order.status, order.total, order.approval_id is not None) == ("COMPLETED", 2500, True)
