"""People at the till: a code and a PIN, a lock when nobody touches it, and approvals of what a role does not allow."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from kernel.tenancy import in_tenant
from pos.models import Order
from pos.registers.services import make_pairing_code
from staff.duty.models import Approval, StaffSession
from tenants.models import Tenant
from tests.support import make
from tests.support.clerk import Clerk
from tests.support.crew import Person, person
from web.commands import digest_of


@pytest.fixture
def anna(committed: Tenant) -> Person:
    make.variant("MUG", 1000, barcode="4006381333955")
    make.shift()
    return person("ANNA", "cashier")


@pytest.fixture
def ben(anna: Person) -> Person:
    return person("BEN", "shift supervisor")


@pytest.fixture
def clerk(anna: Person, ben: Person, open_till: Callable[..., Clerk]) -> Clerk:
    return open_till()


def ring_up(clerk: Clerk, who: Person) -> None:
    """Let somebody sign in, and scan a mug."""
    clerk.sign_in(who.code, who.pin)
    clerk.reads(".bar .who", who.member.name)
    clerk.scan("4006381333955")
    clerk.total_is("10.00")


def test_nobody_sells_before_they_have_signed_in(clerk: Clerk, anna: Person, committed: Tenant) -> None:
    clerk.page.get_by_role("heading", name="Sign in").wait_for()
    clerk.sign_in(anna.code, anna.wrong_pin)
    clerk.reads(".field .error", "nobody has this code and this PIN")
    assert clerk.violations() == []
    clerk.picture("sign-in")
    clerk.sign_in(anna.code.lower(), anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.take("Cash", "10")
    clerk.finished()

    with in_tenant(committed):
        assert Order.objects.get().staff_id == anna.id


def test_a_pin_is_typed_with_fingers(clerk: Clerk, anna: Person) -> None:
    clerk.page.locator("#staff-code").fill(anna.code)
    for digit in anna.pin:
        clerk.press(digit, exact=True)
    clerk.page.locator("main button[type=submit]").click()

    clerk.reads(".bar .who", "Anna")


def test_the_till_is_locked_and_the_next_person_goes_on_with_the_cart(
    clerk: Clerk, anna: Person, ben: Person, committed: Tenant
) -> None:
    ring_up(clerk, anna)
    clerk.key("F11")
    clerk.reads("main", "The sale is kept.")
    clerk.page.reload()
    clerk.sign_in(ben.code, ben.pin)
    clerk.reads(".bar .who", "Ben")
    clerk.total_is("10.00")

    with in_tenant(committed):
        assert [each.staff_id for each in StaffSession.objects.filter(ended_at=None)] == [ben.id]


def test_the_till_locks_when_nobody_touches_it(clerk: Clerk, anna: Person) -> None:
    clerk.page.clock.install()
    clerk.page.reload()
    clerk.sign_in(anna.code, anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.page.clock.fast_forward("14:00")
    clerk.reads(".bar .who", "Anna")
    clerk.page.clock.fast_forward("02:00")

    clerk.page.get_by_role("heading", name="Sign in").wait_for()


@pytest.mark.parametrize("question", ["**/devices/self/heartbeat", "**/shifts/current"])
def test_what_the_till_asks_by_itself_keeps_nobody_signed_in(clerk: Clerk, anna: Person, question: str) -> None:
    clerk.page.clock.install()
    clerk.page.reload()
    clerk.sign_in(anna.code, anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.everything_is_answered()
    with clerk.page.expect_request(question) as asked:
        clerk.page.clock.run_for(60_000)

    assert "authorization" in asked.value.headers
    assert "x-staff-session" not in asked.value.headers


def test_a_reload_keeps_who_is_signed_in(clerk: Clerk, anna: Person) -> None:
    clerk.sign_in(anna.code, anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.page.reload()

    clerk.reads(".bar .who", "Anna")


def test_a_payment_waits_for_the_person_whose_session_has_ended(clerk: Clerk, anna: Person, committed: Tenant) -> None:
    ring_up(clerk, anna)
    clerk.pay()
    with in_tenant(committed):
        StaffSession.objects.update(ended_at=make.NOW, ended_by="IDLE")
    clerk.take("Cash", "10")
    clerk.page.get_by_role("heading", name="Sign in").wait_for()
    clerk.reads("#queue", "1 waiting")
    clerk.sign_in(anna.code, anna.pin)
    clerk.finished()

    with in_tenant(committed):
        assert [(each.status, each.staff_id) for each in Order.objects.all()] == [("COMPLETED", anna.id)]


def test_a_payment_of_nobody_goes_on_when_the_first_person_signs_in(
    open_till: Callable[..., Clerk], committed: Tenant
) -> None:
    make.variant("MUG", 1000, barcode="4006381333955")
    make.shift()
    clerk = open_till()
    clerk.scan("4006381333955")
    clerk.total_is("10.00")
    clerk.pay()
    clerk.page.route("**/api/v1/orders", lambda route: route.abort())
    clerk.take("Cash", "10")
    clerk.reads("#queue", "1 waiting")
    anna = person("ANNA", "cashier")
    clerk.page.unroute("**/api/v1/orders")
    clerk.page.get_by_role("heading", name="Sign in").wait_for()
    clerk.sign_in(anna.code, anna.pin)
    clerk.finished()

    with in_tenant(committed):
        assert [(each.status, each.staff_id) for each in Order.objects.all()] == [("COMPLETED", anna.id)]


def discount(clerk: Clerk, percent: str) -> None:
    clerk.reads(".bar .who", "Anna")
    clerk.scan("4006381333955")
    clerk.press("Discount")
    clerk.page.locator("#discount").fill(percent)
    clerk.press("Keep")


def test_a_discount_above_the_limit_is_approved_before_anything_is_paid(
    clerk: Clerk, anna: Person, ben: Person, committed: Tenant
) -> None:
    clerk.sign_in(anna.code, anna.pin)
    discount(clerk, "20")
    clerk.total_is("8.00")
    clerk.pay()
    clerk.approve(ben.code, ben.wrong_pin, "A scratch")
    clerk.reads("dialog .error", "nobody has this code")
    clerk.picture("approval")
    assert clerk.violations() == []
    clerk.approve(ben.code, ben.pin, "A scratch")
    clerk.page.locator("dialog").wait_for(state="detached")
    clerk.take("Cash", "10")
    clerk.finished()

    clerk.reads("#change", "2.00")
    with in_tenant(committed):
        order, approval = Order.objects.get(), Approval.objects.get()
        assert (order.total, order.staff_id) == (800, anna.id)
        assert (approval.approved_by_id, approval.reason, approval.actions) == (ben.id, "A scratch", ["discount"])
        assert approval.consumed_at is not None


def test_a_discount_within_the_limit_needs_nobody(clerk: Clerk, anna: Person) -> None:
    clerk.sign_in(anna.code, anna.pin)
    discount(clerk, "5")
    clerk.total_is("9.50")
    clerk.pay()
    clerk.take("Cash", "9.50")

    clerk.finished()


def test_without_an_approval_the_sale_goes_back_to_the_cart(clerk: Clerk, anna: Person, committed: Tenant) -> None:
    clerk.sign_in(anna.code, anna.pin)
    discount(clerk, "20")
    clerk.total_is("8.00")
    clerk.pay()
    clerk.page.get_by_label("Staff code of who approves").wait_for()
    clerk.key("Escape")
    clerk.press("Give it up")
    clerk.total_is("8.00")

    with in_tenant(committed):
        assert Order.objects.count() == 0


def test_the_digest_of_a_body_is_the_server_s(clerk: Clerk) -> None:
    body = {"id": "x", "b": [1, {"z": None, "a": 'ü"\n€'}], "a": True, "approval_id": "left out"}
    script = "async (body) => (await import('/static/till/approval.js')).digest(body)"

    assert clerk.page.evaluate(script, body) == digest_of(body)


def test_a_till_is_paired_by_a_code_that_works_once(open_till: Callable[..., Clerk], committed: Tenant) -> None:
    code = make_pairing_code(register_id=make.register().id, now=timezone.now())
    first, second = open_till(paired=False), open_till(paired=False)
    first.pair(code)
    second.page.get_by_label("Pairing code").fill(code)
    second.press("Pair")

    second.page.locator(".field .error").wait_for()


def test_who_is_locked_after_wrong_pins_reads_so(clerk: Clerk, anna: Person) -> None:
    for _ in range(6):
        with clerk.page.expect_response("**/staff-sessions"):
            clerk.sign_in(anna.code, anna.wrong_pin)

    clerk.reads(".field .error", "this code was tried too often at this device today")


def test_a_dialog_does_not_outlive_the_lock(clerk: Clerk, anna: Person) -> None:
    clerk.page.clock.install()
    clerk.page.reload()
    clerk.sign_in(anna.code, anna.pin)
    clerk.reads(".bar .who", "Anna")
    clerk.scan("4006381333955")
    clerk.page.locator(".line .what").click()
    clerk.page.locator("dialog").wait_for()
    clerk.page.clock.fast_forward("16:00")
    clerk.page.locator("#staff-code").wait_for()

    assert clerk.page.locator("dialog").count() == 0


def test_a_sale_that_somebody_else_sends_again_stays_that_of_who_sold_it(
    clerk: Clerk, anna: Person, ben: Person, committed: Tenant
) -> None:
    ring_up(clerk, anna)
    clerk.pay()
    refusal = {"code": "tender-mismatch", "detail": "No such tender."}
    clerk.page.route("**/api/v1/orders", lambda route: route.fulfill(status=422, json=refusal))
    clerk.take("Cash", "10")
    clerk.reads(".refused", "No such tender.")
    clerk.key("F11")
    clerk.sign_in(ben.code, ben.pin)
    clerk.reads(".bar .who", "Ben")
    clerk.page.unroute("**/api/v1/orders")
    clerk.press("Send again")
    clerk.finished()

    with in_tenant(committed):
        assert Order.objects.get().staff_id == anna.id


def test_a_shift_is_opened_from_the_payment_when_another_till_has_closed_it(
    clerk: Clerk, ben: Person, open_till: Callable[..., Clerk]
) -> None:
    other = open_till()
    for till in (clerk, other):
        till.sign_in(ben.code, ben.pin)
        till.reads(".bar .who", "Ben")
    clerk.scan("4006381333955")
    clerk.press("Discount")
    clerk.page.locator("#discount").fill("10")
    clerk.press("Keep")
    clerk.total_is("9.00")
    clerk.pay()
    clerk.everything_is_answered()
    other.press("Drawer")
    other.press("Count and close the shift")
    other.press("Close the shift")
    other.page.locator("dialog button.main").click()
    other.page.get_by_role("heading", name="The shift is closed").wait_for()
    clerk.take("Card through the gateway")
    clerk.type_into("Token of the card reader", "tok_approve")
    clerk.press("Take")
    clerk.reads(".refused", "no open shift")
    clerk.page.get_by_role("button", name="Open a shift").wait_for()
    clerk.page.reload()
    clerk.press("Open a shift")
    clerk.type_into("Cash in the drawer", "0")
    clerk.press("Open the shift")
    clerk.page.get_by_role("button", name="Open a shift").wait_for(state="detached")
    clerk.press("Send again")

    clerk.reads("main.pay", "being charged")
