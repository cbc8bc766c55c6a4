"""What the role at the till says holds in the admin, too; what needs an approval is approved there by code and PIN (SH18)."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from events.models import AuditEntry, Event
from events.testing.work import settle
from inventory.models import StockItem, StockMovement
from kernel.ids import new_id
from pos.exceptions.models import ExceptionCase
from pos.models import ParkedOrder, Receipt
from pos.parking.services import claim_order, park_order
from staff.duty.models import Approval
from tenants.models import Tenant
from tests.support import make, people
from tests.support.crew import Person, person, set_rule
from tests.support.day import closed, opened
from tests.support.till_roles import approved_by, clerk
from tests.support.unchanged import SESSION, nothing_happened

ADJUST = "/admin/inventory/stockitem/adjust/"
CASES = "/admin/pos/exceptioncase/"
PARKED = "/admin/pos/parkedorder/"


@pytest.fixture
def ben(shop: Tenant) -> Person:
    return person("BEN", "shift supervisor")


@pytest.fixture
def adjustment(shop: Tenant) -> dict[str, Any]:
    """Goods of which two are lost, as the page sends it when it was looked at."""
    make.variant("MUG")
    settle()
    return {
        "document": str(new_id()), "location": str(make.register().location_id), "reason": "broken",
        "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-sku": "MUG", "lines-0-quantity": "2",
        "lines-0-seen": "0", "confirmed": "yes",
    }  # fmt: skip


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_sh18_stock_is_adjusted_in_the_admin_with_an_approval(ben: Person, adjustment: dict[str, Any]) -> None:
    mia, client = clerk()

    with nothing_happened(but=SESSION):
        asked = client.post(ADJUST, adjustment)
    done = client.post(ADJUST, {**adjustment, **approved_by(ben)})

    assert "Somebody else must approve this: adjust_stock." in text(asked)
    assert "approver_pin" in text(asked)
    assert done.status_code == 302
    approval = Approval.objects.get()
    assert (approval.requested_by_id, approval.approved_by_id, approval.reason) == (mia.id, ben.id, "broken")
    assert approval.consumed_at is not None
    movement = StockMovement.objects.get()
    assert (movement.quantity, movement.staff_id, movement.approval_id) == (Decimal(2), mia.id, approval.id)
    granted = Event.objects.get(type="staff.approval_granted").data
    assert (granted["approved_by"], granted["register_id"]) == (str(ben.id), None)


def test_what_was_approved_is_posted_once(ben: Person, adjustment: dict[str, Any]) -> None:
    _, client = clerk()

    for _ in range(2):
        client.post(ADJUST, {**adjustment, **approved_by(ben)})

    assert StockItem.objects.get().on_hand == 2
    assert Approval.objects.count() == 1


def test_a_wrong_pin_approves_nothing_and_is_counted(ben: Person, adjustment: dict[str, Any]) -> None:
    _, client = clerk()

    answers = [client.post(ADJUST, {**adjustment, **approved_by(ben, pin=ben.wrong_pin)}) for _ in range(6)]
    locked = client.post(ADJUST, {**adjustment, **approved_by(ben)})

    assert "Nobody has this code and this PIN." in text(answers[0])
    assert "tried too often" in text(answers[5])
    assert "tried too often" in text(locked)
    assert ben.wrong_pin not in text(answers[0])
    assert not StockMovement.objects.exists()
    assert not Approval.objects.exists()


@pytest.mark.parametrize(
    ("role", "said"), [("senior cashier", "does not let them approve"), ("own", "does not let them approve")]
)
def test_who_does_not_approve_or_asked_for_it_approves_nothing(
    ben: Person, adjustment: dict[str, Any], role: str, said: str
) -> None:
    mia, client = clerk("shift supervisor" if role == "own" else "cashier")
    set_rule("shift supervisor", "adjust_stock", "approval")
    other = mia if role == "own" else person("CARL", role)

    refused = client.post(ADJUST, {**adjustment, **approved_by(other)})

    assert said in text(refused)
    assert not StockMovement.objects.exists()


def test_sh18_what_the_role_denies_is_denied_in_the_admin_with_any_approval(
    ben: Person, adjustment: dict[str, Any]
) -> None:
    set_rule("cashier", "adjust_stock", "deny")
    _, client = clerk()

    refused = client.post(ADJUST, {**adjustment, **approved_by(ben)})

    assert "Your role does not let you do this: adjust_stock." in text(refused)
    assert not StockMovement.objects.exists()


def test_an_owner_without_a_role_at_the_till_acts_as_before(ben: Person, adjustment: dict[str, Any]) -> None:
    assert people.owner().post(ADJUST, adjustment).status_code == 302
    assert StockMovement.objects.get().approval_id is None


def case() -> ExceptionCase:
    return ExceptionCase.objects.create(
        kind="clock-skew", severity="HIGH", command_id=new_id(), opened_at=timezone.now()
    )


def resolve(client: Client, *cases: ExceptionCase, **more: str) -> Any:
    chosen = [str(each.id) for each in cases]
    given = {"action": "resolve", "_selected_action": chosen, "confirmed": "yes", "reason": "Seen"}
    return client.post(CASES, {**given, **more})


def test_sh18_exceptions_are_resolved_in_the_admin_as_the_role_says(ben: Person) -> None:
    mia, client = clerk()
    manager = person("MAX", "manager")
    first, second = case(), case()

    denied = resolve(client, first)
    set_rule("cashier", "resolve_exceptions", "approval")
    asked = resolve(client, first, second)
    resolve(client, first, second, **approved_by(manager))

    assert denied.status_code == 302
    assert "resolve_exceptions" in text(asked)
    assert str(first.id) in text(asked)
    assert set(ExceptionCase.objects.values_list("staff_id", "note")) == {(mia.id, "Seen")}
    assert Approval.objects.filter(consumed_at__isnull=False).count() == 2


def test_sh18_a_copy_is_printed_in_the_admin_as_the_role_says(ben: Person) -> None:
    make.variant("MUG", 1000)
    make.order(make.cash(1000))
    receipt = Receipt.objects.get()
    page = f"/admin/pos/receipt/{receipt.id}/print/"
    _, client = clerk()
    set_rule("cashier", "reprint", "deny")

    first, denied = (client.post(page, {"confirmed": "yes"}) for _ in range(2))
    set_rule("cashier", "reprint", "approval")
    asked = client.post(page, {"confirmed": "yes"})
    copies = [client.post(page, {"confirmed": "yes", **approved_by(ben)}) for _ in range(2)]

    assert str(receipt) in text(first)
    assert "COPY" not in text(first)
    assert "Your role does not let you do this: reprint." in text(denied)
    assert "Somebody else must approve this: reprint." in text(asked)
    assert [f"COPY {number}" in text(copy) for number, copy in enumerate(copies, start=1)] == [True, True]
    receipt.refresh_from_db()
    assert receipt.print_count == 3
    assert Approval.objects.filter(consumed_at__isnull=False).count() == 2


@pytest.fixture
def leased(shop: Tenant) -> ParkedOrder:
    make.variant("MUG", 1000)
    device, _ = make.device()
    order = park_order(
        id=new_id(), register=make.register(), device=device, lines=[make.asked()], discounts=[],
        cart={"lines": [{"sku": "MUG", "quantity": "1"}]}, label="The lady", now=timezone.now(), fingerprint="",
    )  # fmt: skip
    return claim_order(order_id=order.id, device=device, now=timezone.now())


def free(client: Client, parked: ParkedOrder, **more: str) -> Any:
    chosen = {"action": "free", "_selected_action": [str(parked.pk)]}
    return client.post(PARKED, {**chosen, **more}, follow=True)


def test_a_parked_order_is_read_and_taken_from_its_device_with_a_reason(leased: ParkedOrder) -> None:
    client, (other, _) = people.owner(), make.device()

    listed, shown = client.get(PARKED), client.get(f"{PARKED}{leased.pk}/change/")
    with nothing_happened(but=SESSION):
        free(client, leased)
        free(client, leased, confirmed="yes")
    free(client, leased, confirmed="yes", reason="The tablet is lost")
    again = free(client, leased, confirmed="yes", reason="x")

    assert "The lady" in text(listed)
    assert "10.00 EUR" in text(listed)
    assert "MUG" in text(shown)
    leased.refresh_from_db()
    assert (leased.claimed_by, leased.claim_expires_at) == (None, None)
    entry = AuditEntry.objects.get(action="parked order taken from a device")
    assert (entry.subject, "The tablet is lost" in entry.detail) == (f"order:{leased.pk}", True)
    assert "No device works on order" in text(again)
    assert claim_order(order_id=leased.pk, device=other, now=timezone.now()).claimed_by == other.id


def test_sh18_a_lease_is_taken_away_by_whose_role_sells(leased: ParkedOrder, ben: Person) -> None:
    set_rule("cashier", "sell", "deny")
    _, client = clerk()

    refused = free(client, leased, confirmed="yes", reason="x")
    nobody = free(people.viewer("view_parkedorder"), leased, confirmed="yes", reason="x")

    assert "Your role does not let you do this: sell." in text(refused)
    assert nobody.status_code == 200
    leased.refresh_from_db()
    assert leased.claimed_by is not None


def test_sh18_whoever_counts_blind_sees_no_difference_in_the_admin(api: Any) -> None:
    make.variant("MUG", 1000)
    shift = opened(api)
    closed(api, shift, 9950)
    settle()
    today = str(timezone.now().date())
    asked = {"from": today, "to": today, "report": "over-short", "by": "day"}
    _, blind = clerk()
    sighted = people.owner()

    pages = ["/admin/pos/shift/", f"/admin/pos/shift/{shift}/change/", "/admin/pos/receipt/?kind__exact=Z"]
    seen = [
        [any(told in text(who.get(page)) for told in ("-0.50", "R1-Z000001")) for page in pages]
        for who in (blind, sighted)
    ]

    assert seen == [[False, False, False], [True, True, True]]
    assert blind.get(f"/admin/pos/shift/{shift}/z/").status_code == 403
    assert "Select a valid choice." in text(blind.get("/admin/pos/reportfigure/", asked))
    assert "-0.50 EUR" in text(sighted.get("/admin/pos/reportfigure/", asked))


def test_sh18_a_z_is_printed_again_in_the_admin_as_the_role_says(api: Any) -> None:
    make.variant("MUG", 1000)
    shift = opened(api)
    closed(api, shift, 9950)
    page = f"/admin/pos/shift/{shift}/z/"
    set_rule("shift supervisor", "reprint", "deny")
    _, client = clerk("shift supervisor")

    asked = client.get(page)
    first, denied = (client.post(page, {"confirmed": "yes"}) for _ in range(2))

    assert "GRAND TOTAL" not in text(asked)
    assert "GRAND TOTAL" in text(first)
    assert "Your role does not let you do this: reprint." in text(denied)
