"""A paid sale is never refused (SH17, SH20): wrong clock, changed or unknown goods, closed or missing shift."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.models import Event
from events.testing.work import settle
from inventory.models import StockMovement
from kernel.ids import new_id
from payments.models import Payment
from pos.cash.services.reporting import x_report
from pos.catalogue.services import archive_variant
from pos.models import CashDrawer, ExceptionCase, Location, Order, Shift, ShiftAmendment, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.places import closed_shift
from tests.support.selling import TAXES, kinds, sale, send, shift_of_now, snapshot
from tests.support.taxing import charge
from tests.support.terminal import Terminal
from tests.support.unchanged import nothing_happened

MINUTE = timedelta(minutes=1)
YEARS = timedelta(days=365 * 11)


@pytest.fixture
def till(api: Terminal, shop: Tenant) -> Terminal:
    make.variant("MUG", 1000, barcode="4006381333931")
    return api


@pytest.fixture
def shift(till: Terminal) -> Shift:
    return shift_of_now()


def unpaid(**more: Any) -> dict[str, Any]:
    return sale(tenders=[], **more)


def close(shift: Shift) -> None:
    Shift.objects.filter(id=shift.id).update(state=Shift.State.CLOSED)


@pytest.mark.parametrize("ahead", [6 * MINUTE, timedelta(days=1), YEARS, -6 * MINUTE, -timedelta(days=1), -YEARS])
def test_sh17_a_sale_by_a_wrong_clock_is_dated_by_how_far_it_is_ahead(
    till: Terminal, shift: Shift, ahead: timedelta
) -> None:
    sold_at = timezone.now() - 20 * MINUTE

    answer = send(till, sale(sold_at + ahead), clock=ahead)

    assert (answer.status_code, kinds(answer)) == (201, ["clock-skew"])
    order = Order.objects.get()
    assert abs(order.occurred_at - sold_at) < MINUTE
    assert order.reported_at == sold_at + ahead
    assert order.business_date == order.occurred_at.date()
    assert order.shift == shift
    assert order.tenders.get().occurred_at == order.occurred_at


@pytest.mark.parametrize("reported", [6 * MINUTE, timedelta(days=400), YEARS, -2 * timedelta(hours=1), -YEARS])
def test_sh17_sh20_a_moment_that_cannot_be_right_becomes_that_of_the_arrival(
    till: Terminal, shift: Shift, reported: timedelta
) -> None:
    answer = send(till, sale(timezone.now() + reported))

    assert (answer.status_code, kinds(answer)) == (201, ["clock-skew"])
    order = Order.objects.get()
    assert order.occurred_at == order.recorded_at
    assert order.business_date == order.recorded_at.date()
    assert answer.json()["business_date"] == str(order.business_date)


@pytest.mark.parametrize(
    "moment", ["1970-01-01T00:00:07Z", "2015-06-01T12:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
)
def test_sh20_an_order_of_another_age_is_accepted_with_an_exception_and_has_the_business_date_of_today(
    till: Terminal, shift: Shift, moment: str
) -> None:
    answer = send(till, {**sale(), "occurred_at": moment})

    assert (answer.status_code, kinds(answer)) == (201, ["clock-skew"])
    order = Order.objects.get()
    assert order.business_date == order.recorded_at.date()
    assert ExceptionCase.objects.get().payload["reported"] == datetime.fromisoformat(moment).isoformat()
    settle()
    assert Payment.objects.get().business_date == order.business_date


def test_sh20_a_moment_before_the_pairing_belongs_to_no_shift_of_that_time(till: Terminal) -> None:
    shift_of_now()
    Shift.objects.update(state=Shift.State.CLOSED, opened_at=datetime(2015, 6, 1, 8, tzinfo=UTC))
    today = shift_of_now()

    answer = send(till, {**sale(), "occurred_at": "2015-06-01T12:00:00Z"})

    assert (kinds(answer), answer.json()["shift_id"]) == (["clock-skew"], str(today.id))


def test_sh20_an_unpaid_order_dated_before_its_shift_has_the_exception_too(till: Terminal, shift: Shift) -> None:
    answer = send(till, {**unpaid(), "occurred_at": "2015-06-01T12:00:00Z"})

    assert (answer.status_code, kinds(answer)) == (201, ["clock-skew"])
    assert Order.objects.get().business_date == timezone.now().date()


def test_a_right_clock_makes_no_exception_however_late_the_sale_arrives(till: Terminal, shift: Shift) -> None:
    answers = [
        send(till, sale(timezone.now() - 50 * MINUTE)),
        send(till, sale(timezone.now() - 50 * MINUTE), clock=4 * MINUTE),
        send(till, sale(timezone.now() + 4 * MINUTE)),
    ]

    assert [(a.status_code, kinds(a), a.json()["reported_at"]) for a in answers] == [(201, [], None)] * 3


def test_a_device_that_reports_its_clock_is_not_asked_when_the_shift_was_opened(till: Terminal) -> None:
    shift_of_now()

    believed = send(till, sale(timezone.now() - timedelta(days=2)), clock=timedelta(0))
    before_pairing = send(till, sale(timezone.now() - timedelta(days=4)), clock=timedelta(0))

    assert (kinds(believed), kinds(before_pairing)) == ([], ["clock-skew"])


@pytest.mark.parametrize("header", ["", "yesterday", "2026-11-23", "2026-11-23T12:00:00"])
def test_a_clock_that_cannot_be_read_says_nothing(till: Terminal, shift: Shift, header: str) -> None:
    headers = {**till.headers, "Idempotency-Key": str(new_id()), "X-Device-Time": header}

    answer = till.client.post("/api/v1/orders", sale(), format="json", headers=headers)

    assert (answer.status_code, kinds(answer)) == (201, [])


@pytest.mark.parametrize("name", ["sku", "variant_id", "barcode"])
def test_sh17_goods_that_are_withdrawn_are_sold_and_leave_the_stock(till: Terminal, shift: Shift, name: str) -> None:
    mug = Variant.objects.get()
    settle()
    archive_variant(variant_id=mug.id, now=timezone.now())
    named = {"sku": "MUG", "variant_id": str(mug.id), "barcode": "4006381333931"}[name]

    answer = send(till, sale(lines=[{name: named, "quantity": "1"}]))
    settle()

    assert (answer.status_code, kinds(answer)) == (201, ["withdrawn-variant"])
    (line,) = answer.json()["lines"]
    assert (line["description"], line["total"]["amount"], line["variant_id"]) == ("The MUG", 1000, str(mug.id))
    assert StockMovement.objects.filter(kind="ORDER").count() == 1


def test_sh17_goods_that_the_shop_does_not_know_are_sold_as_the_till_knew_them_and_leave_no_stock(
    till: Terminal, shift: Shift
) -> None:
    lines = [{"sku": "GONE", "quantity": "2", "snapshot": snapshot(500)}]

    answer = send(till, sale(lines=lines))
    settle()

    assert (answer.status_code, kinds(answer)) == (201, ["unknown-variant"])
    (line,) = answer.json()["lines"]
    assert (line["description"], line["sku"], line["variant_id"]) == ("The old mug", "GONE", None)
    assert (line["total"]["amount"], line["tax_total"]["amount"]) == (1000, 167)
    assert [tax["name"] for tax in line["taxes"]] == ["VAT 20 %"]
    assert answer.json()["status"] == "COMPLETED"
    assert not StockMovement.objects.exists()
    payload = ExceptionCase.objects.get().payload
    assert payload["lines"][0]["named_by"] == ["sku", "GONE"]


def test_unknown_goods_without_what_the_till_knew_are_refused(till: Terminal, shift: Shift) -> None:
    without_taxes = snapshot(1000, taxes=[])

    for more in ({}, {"snapshot": without_taxes}):
        with nothing_happened():
            answer = send(till, sale(lines=[{"sku": "GONE", "quantity": "1", **more}]))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown-variant")


def test_sh17_a_price_that_was_changed_since_is_the_one_that_was_paid(till: Terminal, shift: Shift) -> None:
    lines = [{"sku": "MUG", "quantity": "1", "snapshot": snapshot(900)}]

    answer = send(till, sale(lines=lines, tenders=[{"type": "card", "amount": {"amount": 900}}]))

    assert (answer.status_code, kinds(answer), answer.json()["status"]) == (201, ["price-drift"], "COMPLETED")
    (line,) = answer.json()["lines"]
    assert (line["unit_price"]["amount"], line["list_price"]["amount"], line["price_source"]) == (900, 1000, "MANUAL")
    (noted,) = ExceptionCase.objects.get().payload["lines"]
    assert (noted["sold_at"], noted["price"]) == ("900", "1000")


def test_sh17_a_tax_that_was_changed_since_is_the_one_that_was_charged(till: Terminal, shift: Shift) -> None:
    charge("Standard, included", "0.25")
    lines = [{"sku": "MUG", "quantity": "1", "snapshot": snapshot(1000)}]

    answer = send(till, sale(lines=lines))

    assert (answer.status_code, kinds(answer)) == (201, ["tax-drift"])
    assert answer.json()["tax_total"]["amount"] == 167
    (noted,) = ExceptionCase.objects.get().payload["lines"]
    assert (noted["charged"], noted["held"]) == (["VAT 20 % 0.200000"], ["Standard, included at 0.25 0.250000"])


def test_a_snapshot_that_agrees_with_the_shop_makes_no_exception(till: Terminal, shift: Shift) -> None:
    lines = [{"sku": "MUG", "quantity": "1", "snapshot": snapshot(1000)}]

    answer = send(till, sale(lines=lines))

    assert (kinds(answer), answer.json()["lines"][0]["price_source"]) == ([], "LIST")


def test_a_price_that_was_typed_in_is_no_drift_online_and_one_offline(till: Terminal, shift: Shift) -> None:
    lines = [{"sku": "MUG", "quantity": "1", "unit_price": {"amount": 900}}]
    tenders = [{"type": "card", "amount": {"amount": 900}}]

    online = send(till, sale(lines=lines, tenders=tenders))
    offline = send(till, sale(lines=lines, tenders=tenders, origin="OFFLINE"))
    deliberate = [{**lines[0], "snapshot": snapshot(1000)}]
    reduced = send(till, sale(lines=deliberate, tenders=tenders, origin="OFFLINE"))

    assert [kinds(online), kinds(offline), kinds(reduced)] == [[], ["price-drift"], []]
    assert [a.json()["origin"] for a in (online, offline)] == ["ONLINE", "OFFLINE"]


def test_sh17_a_sale_without_a_shift_belongs_to_none_and_opens_none(till: Terminal) -> None:
    answer = send(till, sale())
    settle()

    assert (answer.status_code, kinds(answer), answer.json()["shift_id"]) == (201, ["no-shift"], None)
    assert not Shift.objects.exists()
    assert Payment.objects.get().shift_id is None


@pytest.mark.parametrize("named", [True, False])
def test_sh17_a_sale_of_a_closed_shift_is_late_and_opens_nothing(till: Terminal, shift: Shift, named: bool) -> None:
    close(shift)

    answer = send(till, sale(**({"shift_id": str(shift.id)} if named else {})))

    assert (answer.status_code, kinds(answer)) == (201, ["late-order"])
    assert answer.json()["shift_id"] == str(shift.id)
    assert not Shift.objects.filter(state=Shift.State.OPEN).exists()


def test_a_sale_of_the_shift_before_is_late_while_another_one_is_open(till: Terminal) -> None:
    yesterday = shift_of_now()
    Shift.objects.update(state=Shift.State.CLOSED, opened_at=timezone.now() - timedelta(days=1))
    today = shift_of_now()

    by_name = send(till, sale(shift_id=str(yesterday.id)))
    by_time = send(till, sale(timezone.now() - timedelta(hours=20)))
    of_today = send(till, sale())
    of_nowhere = send(till, sale(shift_id=str(new_id())))

    assert [kinds(a) for a in (by_name, by_time, of_today, of_nowhere)] == [
        ["late-order"], ["late-order"], [], ["no-shift"],
    ]  # fmt: skip
    shifts = [a.json()["shift_id"] for a in (by_name, by_time, of_today, of_nowhere)]
    assert shifts == [str(yesterday.id)] * 2 + [str(today.id)] * 2
    assert Shift.objects.filter(state=Shift.State.OPEN).count() == 1


def test_a_sale_of_a_closed_shift_is_late_there_although_its_register_has_another_drawer_now(till: Terminal) -> None:
    before = shift_of_now()
    closed_shift(make.register())
    register = make.register()
    register.drawer = CashDrawer.objects.create(name="Two", location=register.location)
    register.save()
    now = shift_of_now()

    late = send(till, sale(shift_id=str(before.id)))
    settle()

    assert (late.json()["shift_id"], kinds(late)) == (str(before.id), ["late-order"])
    assert [each.shift_id for each in ShiftAmendment.objects.all()] == [before.id]
    assert x_report(shift_id=now.id, register=register, now=timezone.now()).registers == []
    elsewhere = Location.objects.create(code="B", name="Branch", currency="EUR")
    CashDrawer.objects.filter(id=before.drawer_id).update(location=elsewhere)
    assert kinds(send(till, sale(shift_id=str(before.id)))) == ["no-shift"]


def test_a_sale_may_be_wrong_in_several_ways(till: Terminal) -> None:
    archive_variant(variant_id=Variant.objects.get().id, now=timezone.now())
    lines = [
        {"sku": "MUG", "quantity": "1", "snapshot": snapshot(400)},
        {"sku": "GONE", "quantity": "1", "snapshot": snapshot(600)},
    ]

    answer = send(till, {**sale(lines=lines), "occurred_at": "2015-06-01T12:00:00Z"})

    assert answer.status_code == 201
    assert kinds(answer) == ["clock-skew", "no-shift", "price-drift", "unknown-variant", "withdrawn-variant"]
    assert Event.objects.filter(type="pos.exception_opened").count() == 5
    order = till.get(f"/orders/{answer.json()['id']}")
    assert order.content == answer.content


GATEWAY = [{"type": "gateway", "amount": {"amount": 1000}, "card_token": "tok_approve"}]
WRONG: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "clock": ({"occurred_at": "2999-01-01T00:00:00Z"}, (422, "validation-failed")),
    "age": ({"occurred_at": "1999-01-01T00:00:00Z"}, (422, "validation-failed")),
    "goods": ({"lines": [{"sku": "GONE", "quantity": "1", "snapshot": snapshot(1000)}]}, (422, "validation-failed")),
}


@pytest.mark.parametrize("tenders", [[], GATEWAY], ids=["no tender", "a card that is not charged"])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_paid_is_refused_as_before(
    till: Terminal, shift: Shift, wrong: str, tenders: list[dict[str, Any]]
) -> None:
    more, expected = WRONG[wrong]

    with nothing_happened():
        answer = send(till, sale(**{**more, "tenders": tenders}))

    assert (answer.status_code, answer.json()["code"]) == expected


@pytest.mark.parametrize("more", [{"tenders": []}, {"tenders": GATEWAY}, {"training": True}])
def test_what_is_not_paid_needs_an_open_shift_and_what_is_sold(till: Terminal, more: dict[str, Any]) -> None:
    with nothing_happened():
        refused = send(till, sale(**more))
    assert (refused.status_code, refused.json()["code"]) == (409, "shift-not-open")

    shift_of_now()
    archive_variant(variant_id=Variant.objects.get().id, now=timezone.now())
    with nothing_happened():
        refused = send(till, sale(**more))
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown-variant")


def test_a_snapshot_prices_nothing_that_is_not_paid(till: Terminal, shift: Shift) -> None:
    answer = send(till, unpaid(lines=[{"sku": "MUG", "quantity": "1", "snapshot": snapshot(1)}]))

    assert answer.json()["total"]["amount"] == 1000


def test_a_mistake_in_a_paid_order_online_is_refused(till: Terminal, shift: Shift) -> None:
    too_much = [{"type": "card", "amount": {"amount": 1001}}]

    with nothing_happened():
        answer = send(till, sale(tenders=too_much))

    assert (answer.status_code, answer.json()["code"]) == (422, "tender-mismatch")


def test_the_event_says_where_the_sale_was_made(till: Terminal, shift: Shift) -> None:
    send(till, sale(origin="OFFLINE", device_sequence=7))

    placed = Event.objects.get(type="pos.order_placed").data
    assert (placed["origin"], placed["device_sequence"]) == ("OFFLINE", 7)


def test_a_moment_is_stored_as_it_was_reported(till: Terminal, shift: Shift) -> None:
    send(till, {**sale(), "occurred_at": "2015-06-01T12:00:00+05:30"})

    assert Order.objects.get().reported_at == datetime(2015, 6, 1, 6, 30, tzinfo=UTC)


def test_taxes_of_a_snapshot_are_a_share(till: Terminal, shift: Shift) -> None:
    with nothing_happened():
        odd = [{**TAXES[0], "rate": "20"}]
        answer = send(till, sale(lines=[{"sku": "GONE", "quantity": "1", "snapshot": snapshot(1000, taxes=odd)}]))

    assert answer.status_code == 422
