"""Numbers and chains: N1, N2, N3, and what a rename does to them (SH1)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from events.publishing.unit_of_work import unit_of_work
from events.testing.work import published
from kernel.ids import new_id
from kernel.tenancy import in_tenant
from pos.models import Location, Order, Receipt, Register, Return, TenderType
from pos.orders.services.placing import place_order
from pos.orders.services.refusals import OrderExists
from tenants.models import Tenant
from tests.support import make
from tests.support.places import closed_shift


@pytest.fixture
def till(shop: Tenant) -> Register:
    make.variant("MUG", 1000)
    make.shift()
    return make.register()


def chain(series: str = "R1", kind: str = "ORDER") -> list[Receipt]:
    return list(Receipt.objects.filter(series=series, kind=kind).order_by("number"))


def require_chain(receipts: list[Receipt]) -> None:
    """N1, N2 and N3, recomputed: 1 to n, each hash of the one before and of the snapshot."""
    assert [receipt.number for receipt in receipts] == list(range(1, len(receipts) + 1))
    head = "0" * 64
    for receipt in receipts:
        made = sha256(bytes.fromhex(head) + sha256(receipt.snapshot.encode()).digest()).hexdigest()
        assert (receipt.previous_hash, receipt.hash) == (head, made)
        head = made


@contextmanager
def rolled_back() -> Iterator[None]:
    """Fail at the end of a unit of work, when the number was taken."""
    with pytest.raises(ZeroDivisionError), unit_of_work():
        yield
        raise ZeroDivisionError


def test_n1_n2_n3_orders_and_returns_have_a_chain_each(till: Register) -> None:
    orders = [make.order(make.cash(1000)) for _ in range(3)]
    for order in orders[:2]:
        make.return_(order, make.returning(order))

    require_chain(chain())
    require_chain(chain(kind="RETURN"))
    assert [order.receipt for order in orders] == [str(receipt) for receipt in chain()]
    assert [str(receipt) for receipt in chain(kind="RETURN")] == ["R1-R000001", "R1-R000002"]
    till.refresh_from_db()
    assert (till.receipt_head, till.return_head) == (chain()[-1].hash, chain(kind="RETURN")[-1].hash)
    assert (till.receipts_chained, till.returns_chained) == (3, 2)


def test_n1_a_number_that_was_taken_and_rolled_back_is_given_again(till: Register) -> None:
    make.order(make.cash(1000))
    with rolled_back():
        _place()
    make.order(make.cash(1000))

    require_chain(chain())
    assert len(chain()) == 2


def test_n1_an_order_that_the_database_refuses_at_the_end_leaves_no_gap(till: Register) -> None:
    first = make.order(make.cash(1000))
    with pytest.raises(OrderExists), transaction.atomic():
        make.order(make.cash(1000), id=first.id)
    make.order(make.cash(1000))

    require_chain(chain())
    assert len(chain()) == 2


def test_n2_two_orders_of_one_unit_of_work_follow_each_other(till: Register) -> None:
    with unit_of_work():
        _place()
        _place()

    require_chain(chain())
    assert len(chain()) == 2


def test_n1_16_at_once_with_failures_between_leave_no_gap(committed: Tenant) -> None:
    make.variant("MUG", 1000)
    make.shift()

    def sell(turn: int) -> None:
        try:
            with in_tenant(committed):
                if turn % 3:
                    _place()
                else:
                    with rolled_back():
                        _place()
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(sell, range(48)))

    require_chain(chain())
    assert len(chain()) == Order.objects.count() == 32
    assert {(receipt.source_id, receipt.number) for receipt in chain()} == set(
        Order.objects.values_list("id", "receipt_number")
    )


def _place() -> None:
    place_order(
        id=new_id(),
        register=make.register(),
        device=None,
        lines=[make.asked()],
        tenders=[make.cash(1000)],
        occurred_at=make.NOW,
        now=make.NOW,
        fingerprint="",
    )


def test_sh1_a_rename_changes_no_receipt_and_repeats_no_number(till: Register) -> None:
    before = [make.order(make.cash(1000)).receipt, make.order(make.cash(1000)).receipt]
    closed_shift()
    printed = [receipt.snapshot for receipt in chain()]
    elsewhere = Location.objects.create(code="B", name="Branch", currency="EUR")

    Register.objects.filter(id=till.id).update(code="OLD", name="Old till", location=elsewhere)
    Location.objects.filter(code="MAIN").update(name="Renamed", address="Elsewhere 1")
    TenderType.objects.filter(code="cash").update(code="coins", name="Coins")
    TenderType.objects.create(code="cash", name="Cash", kind="CASH")
    Register.objects.create(code="R1", name="New till", location=elsewhere)

    assert [receipt.snapshot for receipt in chain()] == printed
    assert [str(order) for order in Order.objects.order_by("receipt_number")] == before
    assert list(Register.objects.order_by("code").values_list("code", "series")) == [("OLD", "R1"), ("R1", "R1-2")]


def test_sh1_a_new_register_under_an_old_code_begins_a_series_that_never_was(till: Register) -> None:
    location = till.location
    for _ in range(3):
        Register.objects.create(code="X", name="X", location=location)
        Register.objects.get(code="X").delete()
    Register.objects.create(code="X", name="X", location=location)

    assert Register.objects.get(code="X").series == "X-4"


def test_sh1_a_series_that_was_given_is_refused(till: Register) -> None:
    Register.objects.create(code="X", name="X", location=till.location)
    Register.objects.get(code="X").delete()

    for series in ("X", "R1", "R1-T"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Register.objects.create(code="Y", name="Y", location=till.location, series=series)


def test_sh1_a_series_is_fixed_with_the_first_number(till: Register) -> None:
    Register.objects.filter(id=till.id).update(series="NORTH")
    assert make.order(make.cash(1000)).receipt == "NORTH-000001"

    for change in ({"series": "SOUTH"}, {"training_series": "SOUTH"}):
        with pytest.raises(IntegrityError, match="since the first number"), transaction.atomic():
            Register.objects.filter(id=till.id).update(**change)


@pytest.mark.parametrize(
    "change",
    ["series = 'X'", "number = 7", "snapshot = '{}'", "hash = 'x'", "source_id = gen_random_uuid()", "kind = 'RETURN'"],
)
def test_a_receipt_is_written_once(till: Register, change: str) -> None:
    make.order(make.cash(1000))

    for statement in (f"UPDATE pos_receipt SET {change}", "DELETE FROM pos_receipt"):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    Receipt.objects.update(print_count=3)
    assert chain()[0].print_count == 3


def test_a_receipt_is_announced_with_its_hash_and_no_text(till: Register) -> None:
    order = make.order(make.cash(1000), email="ada@example.test")

    (event,) = published("pos.receipt_issued")
    (receipt,) = chain()
    assert event.data["hash"] == receipt.hash
    assert event.data["order_id"] == str(order.id)
    assert (event.data["series"], event.data["number"], event.data["return_id"]) == ("R1", 1, None)
    assert "ada@" not in str(event.data)


def test_personal_data_is_a_salted_reference_that_survives_its_erasure(till: Register) -> None:
    order = make.order(make.cash(1000), email="ada@example.test")
    (receipt,) = chain()

    assert "ada@" not in receipt.snapshot
    assert sha256(f"{order.customer_salt}:ada@example.test".encode()).hexdigest() in receipt.snapshot
    Order.objects.update(customer_email="", customer_salt="")
    require_chain(chain())


def test_numbers_that_code_of_the_release_before_gave_have_their_receipts_before_the_next(till: Register) -> None:
    make.order(make.cash(1000))
    for number in (2, 3):
        order = make.order()
        Order.objects.filter(id=order.id).update(
            status="COMPLETED", receipt_number=number, completed_at=make.NOW, business_date=None
        )
        Register.objects.update(next_receipt_number=number + 1)

    make.order(make.cash(1000))

    require_chain(chain())
    assert [('"rebuilt":true' in receipt.snapshot) for receipt in chain()] == [False, True, True, False]
    assert [order.receipt for order in Order.objects.order_by("receipt_number")] == [str(r) for r in chain()]
    assert None not in Order.objects.values_list("business_date", flat=True)


def test_the_return_names_the_receipt_that_it_is_of(till: Register) -> None:
    order = make.order(make.cash(1000))
    returned = make.return_(order, make.returning(order))

    assert '"of_receipt":"R1-000001"' in chain(kind="RETURN")[0].snapshot
    assert Return.objects.get(id=returned.id).receipt == "R1-R000001"
