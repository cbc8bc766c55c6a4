"""A cart waits as a parked order: claimed by one device at a time, sold at the prices of then, or discarded."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.models import Event
from events.testing.work import settle
from inventory.models import StockMovement
from kernel.ids import new_id
from kernel.refusals import NotFound
from payments.models import Payment
from pos.catalogue.services import archive_variant
from pos.models import Device, Location, Order, OrderLine, OrderLineTax, ParkedOrder, Receipt, Register, Variant
from pos.parking.services import LEASE, CartLeased, claim_order, discard_order
from tenants.models import Tenant
from tests.support import make
from tests.support.racing import Aside
from tests.support.selling import shift_of_now
from tests.support.taxing import charge
from tests.support.terminal import Terminal, terminal
from tests.support.unchanged import nothing_happened

CASH = [{"type": "cash", "amount": {"amount": 9000}}]


@pytest.fixture
def goods(shop: Tenant) -> Variant:
    return make.variant("MUG", 1000)


@pytest.fixture
def till(api: Terminal, goods: Variant) -> Terminal:
    shift_of_now()
    return api


@pytest.fixture
def other(till: Terminal) -> Terminal:
    return terminal("north")


def cart(**more: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "label": "The lady", "lines": [{"sku": "MUG", "quantity": "2"}], **more}


def park(till: Terminal, **more: Any) -> str:
    body = cart(**more)
    answer = till.post("/parked-orders", body)
    assert (answer.status_code, answer.json()["status"]) == (201, "PARKED"), answer.content
    return str(body["id"])


def do(till: Terminal, what: str, order_id: str, **body: Any) -> Any:
    return till.post(f"/parked-orders/{order_id}/{what}", body)


def expire() -> None:
    ParkedOrder.objects.update(claim_expires_at=timezone.now() - timedelta(seconds=1))


def published() -> list[str]:
    return list(Event.objects.filter(type__startswith="pos.").order_by("position").values_list("type", flat=True))


def test_a_parked_order_moves_nothing_and_is_listed_at_its_location(till: Terminal, other: Terminal) -> None:
    before = published()
    order_id = park(till)
    settle()

    shown = till.get(f"/orders/{order_id}").json()
    assert (shown["total"]["amount"], shown["receipt"], shown["shift_id"]) == (2000, "", None)
    for model in (Receipt, StockMovement, Payment):
        assert not model.objects.exists()
    assert published()[len(before) :] == ["pos.cart_parked"]
    assert "The lady" not in str(Event.objects.get(type="pos.cart_parked").data)
    (listed,) = other.get("/parked-orders").json()["results"]
    assert (listed["id"], listed["label"], listed["total"]["amount"]) == (order_id, "The lady", 2000)
    assert listed["cart"] == {"lines": [{"sku": "MUG", "quantity": "2"}]}
    elsewhere = Location.objects.create(code="L2", name="Elsewhere", currency="EUR")
    Device.objects.update(register=Register.objects.create(location=elsewhere, code="R2", name="Second"))
    assert other.get("/parked-orders").json()["results"] == []


def test_a_parked_order_is_parked_once(till: Terminal) -> None:
    body = cart()

    first, again = till.post("/parked-orders", body), till.post("/parked-orders", body)
    changed = till.post("/parked-orders", {**body, "label": "x"})

    assert first.content == again.content
    assert (changed.status_code, changed.json()["code"]) == (409, "order-exists")
    assert ParkedOrder.objects.count() == Order.objects.count() == 1


@pytest.mark.parametrize("lines", [[{"sku": "GONE", "quantity": "1"}], []])
def test_what_is_not_sold_is_not_parked(till: Terminal, lines: list[Any]) -> None:
    with nothing_happened():
        assert till.post("/parked-orders", cart(lines=lines)).status_code == 422


def test_one_device_at_a_time_works_on_it_until_its_claim_expires(till: Terminal, other: Terminal) -> None:
    order_id = park(till)

    mine = do(till, "claim", order_id)
    with nothing_happened():
        theirs = [do(other, what, order_id) for what in ("claim", "release")]
        theirs += [do(other, "resume", order_id), do(other, "discard", order_id, reason="x")]
    assert mine.status_code == 200
    assert [(a.status_code, a.json()["code"]) for a in theirs] == [(409, "cart-leased")] * 4
    assert theirs[0].json()["claimed_by"] == mine.json()["claimed_by"]
    assert do(till, "claim", order_id).status_code == 200

    expire()
    assert do(other, "claim", order_id).status_code == 200
    lost = Event.objects.get(type="pos.cart_expired").data
    assert (lost["device_id"], lost["claimed_by"]) == (
        mine.json()["claimed_by"],
        str(ParkedOrder.objects.get().claimed_by),
    )
    assert do(till, "claim", order_id).json()["code"] == "cart-leased"


def test_a_claim_lasts_ten_minutes_and_is_given_back(till: Terminal, other: Terminal) -> None:
    order_id = park(till)
    began = timezone.now()

    do(till, "claim", order_id)
    expires_at = ParkedOrder.objects.get().claim_expires_at
    released = do(till, "release", order_id)

    assert began + LEASE <= expires_at <= timezone.now() + LEASE  # type: ignore[operator]
    assert (released.json()["claimed_by"], do(other, "claim", order_id).status_code) == (None, 200)
    assert not Event.objects.filter(type="pos.cart_expired").exists()


def test_it_is_sold_with_its_id_at_the_prices_and_taxes_of_now(till: Terminal, other: Terminal) -> None:
    order_id = park(till, note="Gift", customer_email="ada@example.test", discounts=[{"percent": "10"}])
    Variant.objects.update(price=1500)
    charge("Standard, included", "0.25")
    do(other, "claim", order_id)

    sold = do(other, "resume", order_id, tenders=CASH)
    settle()

    assert (sold.status_code, sold.json()["id"], sold.json()["status"]) == (201, order_id, "COMPLETED")
    assert (sold.json()["total"]["amount"], sold.json()["tax_total"]["amount"]) == (2700, 540)
    assert (sold.json()["note"], sold.json()["customer_email"]) == ("Gift", "ada@example.test")
    assert sold.json()["exceptions"] == []
    order = Order.objects.get()
    assert order.device is not None
    assert order.device_id != Event.objects.get(type="pos.cart_parked").data["device_id"]
    assert order.shift is not None
    assert OrderLine.objects.count() == OrderLineTax.objects.count() == StockMovement.objects.count() == 1
    assert not ParkedOrder.objects.exists()
    stream = Event.objects.filter(stream=f"order:{order_id}").order_by("stream_version").values_list("type", flat=True)
    assert list(stream)[:4] == ["pos.cart_parked", "pos.cart_resumed", "pos.order_placed", "pos.order_completed"]
    assert till.get("/parked-orders").json()["results"] == []


def test_it_is_sold_with_other_lines_too_and_unclaimed_by_anybody(till: Terminal, other: Terminal) -> None:
    order_id = park(till, discounts=[{"percent": "10"}])

    lines = [{"sku": "MUG", "quantity": "3"}]
    sold = do(other, "resume", order_id, lines=lines, discounts=[], tenders=[])

    assert (sold.json()["status"], sold.json()["total"]["amount"]) == ("PLACED", 3000)


def test_a_paid_sale_of_a_parked_order_is_not_refused_and_an_unpaid_one_is(till: Terminal, goods: Variant) -> None:
    order_id = park(till)
    archive_variant(variant_id=goods.id, now=timezone.now())

    with nothing_happened():
        refused = do(till, "resume", order_id)
    sold = do(till, "resume", order_id, tenders=CASH)

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown-variant")
    assert [each["kind"] for each in sold.json()["exceptions"]] == ["withdrawn-variant"]


def test_it_is_sold_once(till: Terminal, other: Terminal) -> None:
    order_id = park(till)
    key = str(new_id())

    first, again = (till.post(f"/parked-orders/{order_id}/resume", {"tenders": CASH}, key) for _ in range(2))
    with nothing_happened():
        another = do(till, "resume", order_id, tenders=CASH)
        of_other = do(other, "resume", order_id, tenders=CASH)

    assert first.content == again.content == another.content
    assert (of_other.status_code, Order.objects.count()) == (404, 1)


def test_a_discarded_one_is_voided_with_its_reason(till: Terminal) -> None:
    order_id = park(till)

    with nothing_happened():
        assert do(till, "discard", order_id).status_code == 422
    gone = do(till, "discard", order_id, reason="Nobody came back")

    assert (gone.status_code, gone.json()["status"]) == (200, "VOIDED")
    order = Order.objects.get()
    assert (order.void_reason, order.voided_at is not None) == ("Nobody came back", True)
    assert Event.objects.get(type="pos.cart_discarded").data["reason"] == "Nobody came back"
    for what in ("claim", "release", "resume", "discard"):
        with nothing_happened():
            body = {"reason": "x"} if what == "discard" else {"tenders": CASH} if what == "resume" else {}
            assert do(till, what, order_id, **body).status_code == 404


def test_a_parked_order_takes_no_money_and_is_not_voided(till: Terminal) -> None:
    order_id = park(till)

    with nothing_happened():
        refused = [
            till.post(f"/orders/{order_id}/tenders", {"tenders": CASH}),
            till.post(f"/orders/{order_id}/void", {"reason": "x"}),
            till.post("/orders", make.order_body(id=order_id)),
        ]

    assert [(a.status_code, a.json()["code"]) for a in refused] == [
        (409, "order-not-editable"), (409, "order-not-editable"), (409, "order-exists"),
    ]  # fmt: skip


def test_a_till_of_another_currency_sells_it_not(till: Terminal, other: Terminal) -> None:
    order_id = park(till)
    elsewhere = Location.objects.create(code="L2", name="Elsewhere", currency="USD")
    abroad = Register.objects.create(location=elsewhere, code="R2", name="Second")
    Device.objects.filter(id=Device.objects.latest("paired_at").id).update(register=abroad)

    with nothing_happened():
        answers = [do(other, "claim", order_id), do(other, "resume", order_id, tenders=CASH)]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(422, "currency-mismatch")] * 2


def test_two_devices_that_claim_at_once_get_it_once(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    shift_of_now()
    tills = [terminal("north") for _ in range(6)]
    order_id = park(tills[0])

    others = [Aside(committed, lambda till=each: do(till, "claim", order_id).status_code) for each in tills]

    assert sorted(each.join() for each in others) == [200] + [409] * 5


def test_two_that_sell_it_at_once_sell_it_once(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    shift_of_now()
    tills = [terminal("north") for _ in range(4)]
    order_id = park(tills[0])

    def sell(till: Terminal) -> int:
        return int(do(till, "resume", order_id, tenders=CASH).status_code)

    others = [Aside(committed, lambda till=each: sell(till)) for each in tills]

    assert sorted(each.join() for each in others) == [201, 404, 404, 404]
    settle()
    assert Order.objects.count() == Receipt.objects.count() == Payment.objects.count() == 1


def test_it_is_sold_or_discarded_and_never_both(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    shift_of_now()
    till = terminal("north")
    for _ in range(3):
        order_id = park(till)
        sold = Aside(committed, lambda id_=order_id: do(till, "resume", id_, tenders=CASH).status_code)
        gone = Aside(committed, lambda id_=order_id: do(till, "discard", id_, reason="x").status_code)
        results = (sold.join(), gone.join())

        assert results in {(201, 404), (404, 200)}
        status = Order.objects.get(id=order_id).status
        assert status == ("COMPLETED" if results == (201, 404) else "VOIDED")


def test_services_refuse_what_is_not_parked(shop: Tenant) -> None:
    device, _ = make.device()

    with nothing_happened(), pytest.raises(NotFound):
        claim_order(order_id=new_id(), device=device, now=timezone.now())
    with nothing_happened(), pytest.raises(NotFound):
        discard_order(order_id=new_id(), device=device, reason="x", now=timezone.now())


def test_only_a_device_has_a_claim(till: Terminal) -> None:
    order_id = park(till)
    device = Device.objects.get()
    claim_order(order_id=order_id, device=device, now=timezone.now())  # type: ignore[arg-type]

    with nothing_happened(), pytest.raises(CartLeased):
        discard_order(order_id=order_id, device=None, reason="x", now=timezone.now())  # type: ignore[arg-type]
