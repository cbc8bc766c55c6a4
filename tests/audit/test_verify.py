"""`verify` finds what is broken: each kind of damage is done to a sound shop, and must be named."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from events.testing.work import settle
from kernel.ids import new_id
from kernel.invariants import all_invariants
from kernel.tenancy import in_tenant
from pos.exceptions.services.quarantine import Request, hold_command
from pos.models import Device, Order, Register
from pos.orders.discounts import DiscountInput
from pos.orders.services.placing import place_order
from pos.parking.services import park_order
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import StaffedTerminal, approved_order, person, set_rule
from tests.support.day import opened
from tests.support.taxing import rounding

HOUR = timedelta(hours=1)
WRITABLE = "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE pos_receipt DISABLE TRIGGER ALL;"
REWRITABLE = "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE pos_shift DISABLE TRIGGER USER;"
DAMAGE = {
    "line totals = quantity x price - discounts, with tax": """UPDATE pos_orderline
        SET unit_price = unit_price + 1, exact_unit_price = exact_unit_price + 1""",
    "taxes = rate x base": "UPDATE pos_orderlinetax SET rate = 0.19",
    "taxes rounded once for the order": """WITH odd AS (SELECT min(line_id::text)::uuid AS id FROM pos_orderlinetax t
        JOIN pos_orderline l ON l.id = t.line_id JOIN pos_order o ON o.id = l.order_id WHERE rounding_level = 'ORDER')
        UPDATE pos_orderlinetax t SET amount = amount + 1 FROM odd WHERE odd.id = line_id""",
    "line taxes = taxes of lines": "DELETE FROM pos_orderlinetax",
    "variant prices = the default list": """SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE pos_variant DISABLE TRIGGER pos_variant_list; UPDATE pos_variant SET price = price + 1""",
    "price lists of lines and orders exist, and are in their currency": """UPDATE pos_orderline
        SET price_list_id = gen_random_uuid() WHERE number = 1""",
    "lines contain their taxes as their price list says": """INSERT INTO pos_pricelist (id, name, currency, tax_included,
        priority) VALUES (gen_random_uuid(), 'Net', 'EUR', false, 1); UPDATE pos_orderline SET price_list_id = (
        SELECT id FROM pos_pricelist WHERE name = 'Net') WHERE number = 1""",
    "prices of a list = what the line was sold at": "UPDATE pos_orderline SET list_price = list_price + 1",
    "tax of a line = its taxes": "UPDATE pos_orderline SET tax_rate = 0.5",
    "order totals = lines": "UPDATE pos_orderline SET total = total + 1 WHERE number = 1",
    "discounts = what they took off": """UPDATE pos_orderline SET discounts = '[{"amount": 1}]'""",
    "order discounts = shares of lines": """UPDATE pos_order SET discounts = '[{"amount": 1}]'""",
    "percents of order discounts = their amounts": """UPDATE pos_order
        SET discounts = jsonb_set(discounts, '{0,percent}', '"20"') WHERE discounts <> '[]'""",
    "approvals that orders name were given for them": "UPDATE pos_order SET staff_id = gen_random_uuid()",
    "approvals of voids were given for them": "UPDATE pos_order SET voided_by = gen_random_uuid()",
    "approvals of closings were given for them": f"{REWRITABLE} UPDATE pos_shift SET closed_by = gen_random_uuid()",
    "approvals of refunds were given to whoever paid them out": "UPDATE pos_refund SET staff_id = gen_random_uuid()",
    "orders have lines": """INSERT INTO pos_order SELECT (jsonb_populate_record(o,
        jsonb_build_object('id', gen_random_uuid()))).* FROM pos_order o WHERE status = 'VOIDED'""",
    "tenders - change = total": "UPDATE pos_tender SET amount = amount + 1 WHERE refunded = 0",
    "tenders are numbered without a gap, and only a failed one has a reason": "UPDATE pos_tender SET number = 7",
    "orders, tenders and returns are in the currency of their register": """UPDATE pos_order SET
        currency = 'USD' WHERE status = 'VOIDED'""",
    "refunds <= paid, of each tender": "UPDATE pos_refund SET amount = amount + 100000",
    "refunded = refunds that were not refused, of each tender": "UPDATE pos_refund SET state = 'FAILED'",
    "refunds to the cards of orders before <= what exchanges spent of them": """UPDATE pos_refund SET tender_id = (
        SELECT min(id::text)::uuid FROM pos_tender WHERE kind = 'CASH')""",
    "refunds <= paid, of each payment": "UPDATE payments_paymentrefund SET amount = amount + 100000",
    "refunded = refunds that were not refused, of each payment": "UPDATE payments_paymentrefund SET state = 'FAILED'",
    "payments and refunds are in the currency of their order": "UPDATE payments_payment SET currency = 'USD'",
    "refunds = returns": "UPDATE pos_refund SET amount = amount + 1",
    "cancelled orders gave back what tills had taken": "UPDATE pos_refund SET amount = amount - 1 WHERE order_id IS NOT NULL",
    "paid in place of refused refunds <= refused": "UPDATE pos_refund SET state = 'COMPLETED' WHERE state = 'FAILED'",
    "returned <= sold, of each line": "UPDATE pos_returnline SET quantity = quantity + 100",
    "returned of lines = lines of returns": """UPDATE pos_orderline SET returned_tax = returned_tax + 1
        WHERE returned_quantity > 0""",
    "return totals = lines": "UPDATE pos_return SET rounding_adjustment = 1",
    "returns <= paid, of each order": "UPDATE pos_return SET total = total + 100000",
    "taxes of returns = their lines": "UPDATE pos_returnline SET tax_total = tax_total + 1",
    "returned taxes <= charged, of each line and tax": """UPDATE pos_returnline
        SET taxes = jsonb_set(taxes, '{0,amount}', '9999')""",
    "receipt numbers gapless": "UPDATE pos_order SET receipt_number = 99 WHERE receipt_number = 1",
    "return numbers gapless": "UPDATE pos_register SET next_return_number = 99",
    "the newest version of the profile is the current one": "UPDATE pos_shopprofile SET current = false",
    "receipts = their chain and their rows": f"""{WRITABLE}
        UPDATE pos_receipt SET snapshot = replace(snapshot, '"MUG"', '"MUC"') WHERE number = 2""",
    "orders and returns = their receipts": "UPDATE pos_order SET series = 'R9' WHERE receipt_number = 2",
    "receipts = their events": f"{WRITABLE} UPDATE pos_receipt SET hash = md5(hash) || md5(hash) WHERE number = 2",
    "on hand = sum of the ledger": "UPDATE inventory_stockitem SET on_hand = on_hand + 1",
    "captured cards = the gateway's books": "UPDATE payments_simulatedcharge SET amount = amount + 1",
    "sold goods left the stock once": """INSERT INTO inventory_stockmovement (id, item_id, kind, quantity, reason,
        source_type, source_id, source_line, occurred_at, recorded_at) SELECT gen_random_uuid(), item_id, 'RECEIPT',
        quantity, '', source_type, source_id, source_line, occurred_at, recorded_at FROM inventory_stockmovement
        WHERE kind = 'ORDER' LIMIT 1""",
    "movements have their cause": """INSERT INTO inventory_stockmovement (id, item_id, kind, quantity, reason,
        source_type, source_id, source_line, occurred_at, recorded_at) SELECT gen_random_uuid(), item_id, kind,
        quantity, '', source_type, source_id, gen_random_uuid(), occurred_at, recorded_at FROM inventory_stockmovement
        WHERE kind = 'ORDER' LIMIT 1""",
    "tenders became payments once": "UPDATE payments_payment SET amount = amount + 1",
    "money taken for an order that is not paid yet is in the books": "UPDATE payments_payment SET tender_id = gen_random_uuid()",
    "payments = what they announced": "UPDATE payments_payment SET tender_type = 'x'",
    "money that payments gave back = what was announced of it": """UPDATE payments_paymentrefund
        SET return_id = gen_random_uuid()""",
    "mails were queued once for each event": """INSERT INTO notifications_message (id, kind, event_id, about,
        recipient, subject, body, state, failure, created_at) SELECT gen_random_uuid(), 'STOCK_ALERT', event_id, about,
        recipient, subject, body, state, failure, created_at FROM notifications_message LIMIT 1""",
    "completed orders = their events": """UPDATE pos_order SET status = 'VOIDED', receipt_number = NULL,
        completed_at = NULL WHERE receipt_number = 2""",
    "orders = what they announced": "UPDATE pos_order SET occurred_at = occurred_at + interval '1 minute'",
    "orders were completed as announced": "UPDATE pos_order SET change_total = change_total + 1",
    "orders were cancelled as announced": "UPDATE pos_order SET voided_at = '2020-01-01' WHERE status = 'VOIDED'",
    "sold lines = what was announced of them": "UPDATE pos_orderline SET category = 'x' WHERE number = 1",
    "taxes of lines = what was announced of them": "UPDATE pos_orderlinetax SET name = 'x'",
    "settled tenders = what was announced of them": "UPDATE pos_tender SET reference = 'x'",
    "tenders were taken when it was announced": "UPDATE pos_tender SET business_date = '2020-01-01'",
    "refunds = what was announced of them": "UPDATE pos_refund SET reference = 'x'",
    "refunds ended as announced": "UPDATE pos_refund SET failure = 'x'",
    "returns = what they announced": "UPDATE pos_return SET staff_id = gen_random_uuid()",
    "lines of returns = what was announced of them": "UPDATE pos_returnline SET sku = 'x'",
    "shifts = what they announced": f"{REWRITABLE} UPDATE pos_shift SET opened_by = gen_random_uuid()",
    "returns = their events": """INSERT INTO pos_return SELECT (jsonb_populate_record(r,
        jsonb_build_object('id', gen_random_uuid(), 'number', 77))).* FROM pos_return r LIMIT 1""",
    "drawers are where their registers are": """SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE pos_cashdrawer DISABLE TRIGGER USER; WITH elsewhere AS (INSERT INTO pos_location
        (id, code, name, currency, timezone) VALUES (gen_random_uuid(), 'X', 'X', 'EUR', 'UTC') RETURNING id)
        UPDATE pos_cashdrawer SET location_id = elsewhere.id FROM elsewhere""",
    "floats are those of their shifts": """SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE pos_cashmovement DISABLE TRIGGER USER;
        UPDATE pos_cashmovement SET amount = amount + 1 WHERE kind = 'FLOAT'""",
    "over or short = counted - expected": f"""{REWRITABLE} UPDATE pos_shift SET over_short = '{{"cash": 5}}'
        WHERE state = 'CLOSED'""",
    "orders of a shift = its sales": "UPDATE pos_shifttotal SET total = total + 1 WHERE subject = 'SALES'",
    "returns of a shift = what it took back": "UPDATE pos_shifttotal SET tax = tax + 1 WHERE subject = 'RETURNS'",
    "tenders of a shift = its tender totals": "UPDATE pos_shifttotal SET total = total + 1 WHERE subject = 'TENDERS'",
    "refunds of a shift = its refund totals": "UPDATE pos_shifttotal SET count = count + 1 WHERE subject = 'REFUNDS'",
    "taxes of a shift = those of its lines": "UPDATE pos_shifttotal SET tax = tax + 1 WHERE subject = 'TAXES'",
    "Z reports = the totals of their shifts": "UPDATE pos_shifttotal SET total = total + 1 WHERE NOT late",
    "expected cash = float + cash taken - refunds + moved": f"""{REWRITABLE}
        UPDATE pos_shift SET expected = '{{"cash": 5}}' WHERE state = 'CLOSED'""",
    "grand totals = what Z reports and amendments added": "UPDATE pos_cashdrawer SET grand_total = grand_total + 1",
    "closed shifts = their events": f"{REWRITABLE} UPDATE pos_shift SET closed_position = NULL",
    "sales without a shift have joined the next one": """UPDATE pos_order SET shift_id = NULL,
        exceptions = '[{"kind": "no-shift"}]', completed_at = '2000-01-01' WHERE status = 'COMPLETED'""",
    "amendments = their events": """INSERT INTO pos_shiftamendment SELECT (jsonb_populate_record(a,
        jsonb_build_object('id', gen_random_uuid(), 'event_id', gen_random_uuid(), 'number', 77))).*
        FROM pos_shiftamendment a""",
    "reported sales = orders": "UPDATE pos_reportfigure SET gross = gross + 1 WHERE kind = 'SALES' AND direction = 'SALE'",
    "reported sales = returns": "UPDATE pos_reportfigure SET tax = 0 WHERE kind = 'SALES' AND direction = 'RETURN'",
    "reported taxes = taxes of orders": "UPDATE pos_reportfigure SET rate = 0.19 WHERE kind = 'TAXES' AND direction = 'SALE'",
    "reported taxes = taxes of returns": "DELETE FROM pos_reportfigure WHERE kind = 'TAXES' AND direction = 'RETURN'",
    "reported tenders = tenders": "UPDATE pos_reportfigure SET register_id = gen_random_uuid() WHERE kind = 'TENDERS'",
    "reported tenders = refunds": "UPDATE pos_reportfigure SET total = 1 WHERE kind = 'TENDERS' AND direction = 'RETURN'",
    "reported products = lines of orders": "UPDATE pos_reportfigure SET quantity = quantity + 1 WHERE kind = 'PRODUCTS'",
    "reported products = lines of returns": """UPDATE pos_reportfigure SET variant_id = gen_random_uuid()
        WHERE kind = 'PRODUCTS'""",
    "reported refunds = lines of returns, and money of cancelled orders": """UPDATE pos_reportfigure
        SET business_date = business_date - 400 WHERE kind = 'REFUNDS'""",
    "reported discounts = discounts of orders": """INSERT INTO pos_reportfigure (kind, direction, business_date,
        location_id, currency, code, detail, name, documents, quantity, gross, discount, base, tax, rounding, total, expected,
        counted, position) SELECT 'DISCOUNTS', direction, business_date, location_id, currency, 'x', '', '', 1, 0, 0, 1, 0, 0,
        0, 1, 0, 0, position FROM pos_reportfigure WHERE kind = 'SALES' AND direction = 'SALE' LIMIT 1""",
    "reported over and short = closed shifts": "UPDATE pos_reportfigure SET counted = 1 WHERE kind = 'OVER_SHORT'",
    "reports reflect no later event than was handled": "UPDATE pos_reportfigure SET position = 100000",
    "positions gapless": """INSERT INTO events_event SELECT (jsonb_populate_record(e, jsonb_build_object(
        'position', position + 1000, 'stream', 'lonely'))).* FROM events_event e WHERE position = 1""",
    "stream versions gapless": """INSERT INTO events_event SELECT (jsonb_populate_record(e, jsonb_build_object(
        'position', (SELECT max(position) + 1 FROM events_event), 'stream_version', 77))).* FROM events_event e
        WHERE position = 1""",
    "every (event, subscriber) accounted once": """INSERT INTO events_parkedevent (tenant_id, subscriber, position,
        event_id, type, stream, state, attempts, next_attempt_at, error, fingerprint, reason, parked_at, updated_at)
        SELECT tenant_id, subscriber, position, gen_random_uuid(), '', '', 'DEAD', 1, now(), '', '', '', now(), now()
        FROM events_processedevent LIMIT 1""",
    "an event is bound at most once to a subscriber": """INSERT INTO events_binding
        SELECT tenant_id, subscriber, type, since + 1, since + 2, now() FROM events_binding LIMIT 1""",
    "bindings begin within the log": "UPDATE events_binding SET since = 100000 WHERE type = 'pos.order_completed'",
    "nothing of another tenant": """INSERT INTO events_processedevent
        SELECT 'north', 'x', 100000, now(), now()""",
    "held commands = what was decided about them": """UPDATE pos_heldcommand SET state = 'ACCEPTED', decided_at = now(),
        decided_by = 'x'""",
    "exceptions of orders = their cases": "UPDATE pos_order SET exceptions = '[]'",
    "orders without a shift have an exception": "UPDATE pos_order SET shift_id = NULL",
    "corrected moments have an exception": "UPDATE pos_order SET reported_at = now()",
    "exceptions = their events": "UPDATE pos_exceptioncase SET resolved_at = now(), resolved_by = 'x'",
    "parked orders = their carts": "DELETE FROM pos_parkedorder",
}


@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker: Any) -> Iterator[Tenant]:
    """Sell, return and close once for all tests here; all is rolled back at the end."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]
    with django_db_blocker.unblock(), around, in_tenant(Tenant.objects.get(schema_name="north")) as shop:
        business()
        yield shop
        transaction.set_rollback(True)


@pytest.fixture
def sound_shop(furnished: Tenant) -> Iterator[Tenant]:
    """A shop of which every invariant is true; what a test damages is undone after it."""
    with transaction.atomic():
        yield furnished
        transaction.set_rollback(True)


def business() -> None:
    make.variant()
    make.shift()
    order = make.order(make.cash(2000), lines=[make.asked("MUG", "2")], email="ada@example.test")
    make.order(make.card(1000))
    with rounding("ORDER"):
        make.order(make.cash(3001), lines=[make.asked("MUG"), make.asked("MUG", unit_price=2001)])

    make.void(make.order(), reason="x")
    make.order(make.cash(400))
    settle()
    sales_that_were_wrong()
    park()
    settle()
    make.return_(order, make.returning(order))
    approved_order()
    approved_closing()
    closed_with_a_late_order()
    make.void(make.order(make.cash(300)))
    settle()
    refused = make.refused_refund()
    make.replaced(refused)
    sold_off()
    settle()


def sold_off() -> None:
    """Sell a mug with ten percent off the order."""
    register, discounts = make.register(), [DiscountInput(name="Sale", percent=Decimal(10))]
    more: dict[str, Any] = {"lines": [make.asked()], "tenders": [make.cash(900)], "fingerprint": "", "device": None}
    place_order(id=new_id(), register=register, occurred_at=make.NOW, now=make.NOW, discounts=discounts, **more)


def approved_closing() -> None:
    """Give an order up at another register, and close its shift, each with an approval."""
    Register.objects.create(code="R8", name="Till 8", location=make.register().location)
    for permission in ("void", "open_shift", "close_shift"):
        set_rule("cashier", permission, "allow" if permission == "open_shift" else "approval")
    manager = person("DORA", "manager")
    till = StaffedTerminal("Other", "R8").sign_in(person("CARL"))
    shift = opened(till)
    order = till.post("/orders", make.order_body(tenders=[{"type": "cash", "amount": {"amount": 400}}])).json()["id"]
    given_up = till.approved(manager, {"reason": "x"}, "void", id=order)
    assert till.post(f"/orders/{order}/void", given_up).status_code == 200
    counts = {"counts": [{"tender_type": "cash", "amount": {"amount": 10_000}}]}
    closing = till.approved(manager, counts, "close_shift", id=shift)
    assert till.post(f"/shifts/{shift}/close", closing).status_code == 200


def sales_that_were_wrong() -> None:
    """Sell by a wrong clock at a register without a shift, and let a revoked device send another sale."""
    other = Register.objects.create(code="R9", name="Till 9", location=make.register().location)
    device = Device.objects.create(register=other, name="Slow", token_hash="0" * 64)
    more: dict[str, Any] = {"lines": [make.asked()], "tenders": [make.cash(1000)], "fingerprint": "", "device": device}
    sold_at = datetime(2015, 6, 1, tzinfo=UTC)
    place_order(id=new_id(), register=other, occurred_at=sold_at, now=timezone.now(), **more)
    request = Request(
        command_id=new_id(),
        device=device,
        register=other,
        reason="device-revoked",
        detail="",
        body={},
        fingerprint="",
        amount=1000,
    )
    hold_command(request, now=timezone.now())


def park() -> None:
    park_order(
        id=new_id(),
        register=make.register(),
        device=None,
        lines=[make.asked()],
        discounts=[],
        cart={},
        now=timezone.now(),
        fingerprint="",
    )


def closed_with_a_late_order() -> None:
    """Pay out and close the open shift, half a euro short; then sell something that is late."""
    from pos.cash.services.closing import close_shift
    from pos.cash.services.counts import CountInput
    from pos.cash.services.movements import MovementInput, move_cash
    from pos.models import CashMovement

    shift, register = make.shift(), make.register()
    paid_out = MovementInput(id=new_id(), kind=CashMovement.Kind.PAID_OUT, amount=100, reason_code="TEST")
    move_cash(shift_id=shift.id, register=register, movement=paid_out, now=make.NOW)
    close_shift(shift_id=shift.id, register=register, counts=[CountInput(type="cash", amount=50)], now=make.NOW + HOUR)
    make.order(make.cash(1000), opens=False)


def verify() -> tuple[str, bool]:
    out = StringIO()
    try:
        call_command("verify", "--tenant", "north", stdout=out)
    except SystemExit as stopped:
        assert stopped.code == 1
        return out.getvalue(), True
    return out.getvalue(), False


def test_a_sound_shop_holds_every_invariant_and_each_looked_at_something(sound_shop: Tenant) -> None:
    said, broken = verify()

    assert not broken
    assert f"invariants={len(all_invariants())} broken=0" in said
    assert "checked=0" not in said
    assert "pending=0 parked=0" in said


def test_the_report_keeps_its_order() -> None:
    assert [invariant.name for invariant in all_invariants()] == list(DAMAGE)


@pytest.mark.parametrize("name", [invariant.name for invariant in all_invariants()])
def test_damage_is_found_and_named(sound_shop: Tenant, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DAMAGE[name])

    said, broken = verify()

    assert broken
    (line,) = [line for line in said.splitlines() if name in line]
    assert "BROKEN" in line


def test_an_unknown_tenant_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="no tenant"):
        call_command("verify", "--tenant", "nobody")


def test_n3_one_changed_byte_of_a_receipt_is_named(sound_shop: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{WRITABLE} UPDATE pos_receipt SET snapshot = overlay(snapshot placing ' ' from 2 for 0)")

    said, broken = verify()

    assert broken
    assert "order receipt R1 1: its text or its hash was changed" in said


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("pos_orderline SET total = total + 1", "total of line 1 is"),
        ("pos_orderline SET quantity = quantity + 1", "quantity of line 1 is"),
        ("pos_orderline SET description = 'Cup'", "description of line 1 is Cup, the receipt says The MUG"),
        ("pos_orderline SET tax_total = tax_total + 1", "tax_total of line 1 is"),
        ("pos_orderlinetax SET rate = 0.1", "rate of tax 1 of line 1 is"),
        ("pos_orderlinetax SET name = 'None'", "name of tax 1 of line 1 is None, the receipt says Standard, included"),
        ("pos_orderlinetax SET amount = amount + 1", "amount of tax 1 of line 1 is"),
        ("pos_orderline SET exact_unit_price = 1", "unit_price of line 1 is"),
        ("pos_order SET total = total + 1, subtotal = subtotal + 1 WHERE receipt_number > 0", "total is"),
        ("pos_order SET currency = 'USD'", "currency is USD, the receipt says EUR"),
        ("pos_order SET business_date = '2020-01-01'", "business_date is 2020-01-01"),
        ("pos_tender SET amount = amount + 1", "amount of tender 1 is"),
        ("pos_tender SET reference = 'AUTH'", "reference of tender 1 is AUTH"),
        ("pos_returnline SET total = total + 1", "return receipt R1 1: total of line 1 is"),
        ("pos_returnline SET quantity = quantity + 1", "return receipt R1 1: quantity of line 1 is"),
        ("pos_refund SET amount = amount + 1", "return receipt R1 1: amount of tender 1 is"),
    ],
)
def test_what_was_changed_of_an_order_is_named(sound_shop: Tenant, change: str, named: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {change}")

    said, broken = verify()

    assert broken
    assert named in said


@pytest.mark.parametrize("column", ["change_total = 1", "completed_at = recorded_at"])
def test_an_order_that_is_not_completed_has_given_no_change(sound_shop: Tenant, column: str) -> None:
    """It has no receipt, and no event of its completion, which would say so."""
    given_up = Order.objects.filter(status="VOIDED").values_list("id", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pos_order SET {column} WHERE id = %s", [given_up])

    said, broken = verify()

    (line,) = [each for each in said.splitlines() if "order totals = lines" in each]
    assert broken
    assert "BROKEN" in line
    assert str(given_up) in said


def test_a_receipt_that_is_gone_is_named_by_the_next_one_and_by_the_end(sound_shop: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"{WRITABLE} DELETE FROM pos_receipt WHERE kind = 'ORDER' AND number = 1")

    said, _ = verify()
    assert "order receipt R1 2: the number before it is 0" in said

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pos_receipt WHERE kind = 'ORDER'")
    said, _ = verify()
    given = make.register().next_receipt_number - 1
    assert f"order receipts R1: {given} numbers were given, and there is no receipt" in said
