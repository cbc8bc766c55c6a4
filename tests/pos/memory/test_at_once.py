"""Prices rise and devices are revoked while terminals sell: no order under what was withdrawn before it was sent."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection, transaction

from kernel.tenancy import in_public_schema, in_tenant
from pos.catalogue.goods import LineInput, find_goods
from pos.memory.memory import Memory, process_memory
from pos.memory.shop import enter_shop
from pos.models import Product, TaxRate, Variant
from pos.registers.services import revoke_device
from tenants.models import Tenant
from tests.support import make
from tests.support.racing import Aside
from tests.support.remembering import sell
from tests.support.terminal import Terminal

SELLERS = 4
PRICES = range(1001, 1025)


def test_no_order_is_sold_at_a_price_that_was_raised_before_it_was_sent(committed: Tenant) -> None:
    make.variant("MUG", PRICES[0])
    make.shift()
    tokens = [make.device()[1] for _ in range(SELLERS)]
    raised, over, sold = [PRICES[0]], threading.Event(), threading.Semaphore(0)

    def seller(token: str) -> Callable[[], list[tuple[int, int]]]:
        def sell_on() -> list[tuple[int, int]]:
            till, seen = Terminal("north.localhost", token), []
            while not over.is_set():
                lowest = raised[-1]
                answer = sell(till, amount=9000)
                assert answer.status_code == 201, answer.content
                seen.append((lowest, answer.json()["lines"][0]["unit_price"]["amount"]))
                sold.release()
            return seen

        return sell_on

    sellers = [Aside(committed, seller(token)) for token in tokens]
    for price in PRICES:
        assert sold.acquire(timeout=30)
        Variant.objects.update(price=price)
        raised.append(price)
    over.set()
    seen = [pair for each in sellers for pair in each.join()]

    assert [pair for pair in seen if pair[1] < pair[0]] == []
    assert len(seen) >= len(PRICES)
    assert len({price for _, price in seen}) > len(PRICES) // 4


def test_no_order_is_sold_by_a_device_that_was_revoked_before_it_was_sent_but_held(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    make.shift()
    devices = [make.device() for _ in range(SELLERS * 3)]
    revoked: set[str] = set()
    sold = threading.Semaphore(0)

    def seller(mine: list[tuple[object, str]]) -> Callable[[], list[tuple[bool, int]]]:
        def sell_until_refused() -> list[tuple[bool, int]]:
            seen = []
            for _, token in mine:
                till, status = Terminal("north.localhost", token), 201
                while status == 201:
                    was_revoked = token in revoked
                    status = sell(till).status_code
                    seen.append((was_revoked, status))
                    sold.release()
            return seen

        return sell_until_refused

    sellers = [Aside(committed, seller(devices[number::SELLERS])) for number in range(SELLERS)]
    for device, token in devices:
        assert sold.acquire(timeout=30)
        revoke_device(device_id=device.id)
        revoked.add(token)
    seen = [pair for each in sellers for pair in each.join()]

    assert {status for was_revoked, status in seen if was_revoked} <= {202}
    assert {status for _, status in seen} == {201, 202}


def price() -> int:
    return int(find_goods([LineInput(id=make.new_id(), quantity=Decimal(1), sku="MUG")])[0].steps[0].price)


def test_what_a_request_has_changed_itself_is_seen_by_it_and_remembered_by_nobody(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    enter_shop()

    with transaction.atomic():
        Variant.objects.update(price=5)
        assert price() == 5
        transaction.set_rollback(True)

    enter_shop()
    assert price() == 1000


def test_a_request_that_takes_long_leaves_nothing_for_those_that_began_later(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    enter_shop()

    Aside(committed, lambda: make.variant("MUG", 2000)).join()
    assert price() == 2000
    Aside(committed, lambda: make.variant("MUG", 3000)).join()

    assert price() == 2000
    enter_shop()
    assert price() == 3000


def test_nothing_is_remembered_in_a_transaction_or_after_the_schema_was_left(shop: Tenant) -> None:
    make.variant("MUG", 1000)
    enter_shop()

    assert connection.remembered is None  # type: ignore[attr-defined]
    assert price() == 1000
    assert len(process_memory) == 0


@pytest.mark.parametrize("leave", [in_public_schema, lambda: in_tenant(Tenant(schema_name="south"))])
def test_the_memory_is_of_one_stay_in_the_schema(committed: Tenant, leave: Callable[[], object]) -> None:
    make.variant("MUG", 1000)
    enter_shop()
    assert price() == 1000

    with leave():  # type: ignore[attr-defined]
        assert connection.remembered is None  # type: ignore[attr-defined]
    Variant.objects.update(price=7)

    assert price() == 7


def test_shops_share_nothing_but_the_room(committed: Tenant, south: Tenant) -> None:
    make.variant("MUG", 1000)
    enter_shop()
    assert price() == 1000

    with in_tenant(south):
        tax_rate = TaxRate.objects.get(name="Zero")
        Variant.objects.create(product=Product.objects.create(name="x", tax_rate=tax_rate), sku="MUG", price=3)
        enter_shop()
        assert price() == 3


def test_what_was_asked_for_longest_ago_makes_room() -> None:
    memory = Memory(capacity=2)
    memory.put("north", "1", "goods", values={"MUG": 1, "TEA": 2})
    memory.find("north", "1", "goods", keys=["MUG"])

    memory.put("north", "1", "goods", values={"CUP": 3})

    assert memory.find("north", "1", "goods", keys=["MUG", "TEA", "CUP"]) == {"MUG": 1, "CUP": 3}
    assert memory.find("north", "2", "goods", keys=["MUG"]) == {}
    assert memory.find("south", "1", "goods", keys=["MUG"]) == {}
    assert len(memory) == 2
