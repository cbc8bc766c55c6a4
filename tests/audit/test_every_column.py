"""Whatever column of a sale is changed in SQL, `verify` names a row; what is free is listed here, each with a reason."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Model
from psycopg.types.json import Jsonb

from audit.management.commands.verify import _check
from events.testing.work import settle
from kernel.ids import new_id
from kernel.invariants import Invariant, Walk, all_invariants
from payments.models import Payment, PaymentRefund
from pos.cash.services import open_shift
from pos.cash.services.closing import close_shift
from pos.cash.services.counts import CountInput
from pos.models import (
    Order,
    OrderLineTax,
    Receipt,
    Refund,
    Return,
    ReturnLine,
    Shift,
    ShopProfile,
)
from pos.orders.arriving import Arrival
from pos.orders.discounts import DiscountInput
from pos.orders.refunds import RefundInput
from pos.orders.services.placing import place_order
from pos.orders.services.voiding import void_order
from pos.orders.tenders import TenderInput
from pos.profile.services import put_profile
from pos.returns.services import complete_return
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import Person, command, person
from tests.support.taxing import rate, tax_class

HOUR = timedelta(hours=1)
FREE: Mapping[type[Model], Mapping[str, str]] = {
    Order: {
        "fingerprint": "of the request, which is not kept: it decides what a repeated request is answered",
        "note": "free text of the shop, in no event and on no receipt, as it may name people",
    },
    Return: {
        "fingerprint": "as of orders",
        "reason": "free text, as the note of orders; the code of the reason is compared",
    },
    Receipt: {"print_count": "counts prints, which no event tells of; the receipt is what was issued"},
    PaymentRefund: {
        "created_at": "when the row was written; the day and the moment are those of the refund",
        "reference": "of a refusal, which the gateway keeps; that of a refund is compared",
    },
    ShopProfile: {
        "id": "nothing refers to it: a receipt names the version",
        "made_at": "nothing depends on it",
        "cut_over_hour": "a rule for days to come: each document keeps its day",
        "scale_prefixes": "a rule for barcodes to come, on no receipt",
    },
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One column of one row that gets another value. :param path: within a column of JSON."""

    table: str
    key: Mapping[str, Any]
    column: str
    value: Any
    path: str = ""

    def __str__(self) -> str:
        return f"{self.table}.{self.column}{self.path}"


@pytest.fixture
def manager(shop: Tenant) -> Person:
    return person("BEN", "manager")


@pytest.fixture
def sold(manager: Person) -> list[Model]:
    """Return the rows of a closed shift: an order with all that it may have, its return, a void, a refused refund."""
    put_profile(values={"legal_name": "North Ltd", "address": "Main Street 1", "vat_number": "GB1", "receipt_header": "Hi",
                        "receipt_footer": "Bye"})  # fmt: skip
    put_profile(values={"receipt_footer": "Come again"})
    tax_class("Two", rate("State", "0.1", code="S"), rate("City", "0.05", code="C"))
    make.variant("MUG", 1000)
    make.variant("JUG", 500, tax_rate="Two")
    shift = open_shift(id=new_id(), register=make.register(), float_amount=1000, now=make.NOW, command=command(manager))
    order = _order(manager)
    returned = _return(order, manager)
    _void(manager)
    _refused(manager)
    receipts = list(Receipt.objects.filter(source_id__in=[order.id, returned.id]))
    _close(shift, manager)
    settle()
    rows: list[Model] = [order, *order.lines.all(), *OrderLineTax.objects.filter(line__order=order)]
    rows += [*order.tenders.all(), *Payment.objects.filter(order_id=order.id)]
    rows += [*receipts, Receipt.objects.get(kind="Z")]
    rows += [*Return.objects.all(), *ReturnLine.objects.all(), *Refund.objects.all(), *PaymentRefund.objects.all()]
    return [*rows, Shift.objects.get(), *ShopProfile.objects.filter(current=True)]


def _order(by: Person) -> Order:
    device, _ = make.device()
    order = place_order(
        id=new_id(),
        register=make.register(),
        device=device,
        lines=[
            make.asked("MUG", "2", discounts=[DiscountInput(name="Loyal", percent=Decimal(10))]),
            make.asked("JUG", "1", discounts=[DiscountInput(name="Dent", amount=100)]),
        ],
        discounts=[DiscountInput(name="Day", percent=Decimal(10))],
        tenders=[
            TenderInput(id=new_id(), type="card", amount=500, reference="T-1"),
            make.card(800),
            make.cash(700),
        ],
        occurred_at=make.NOW,
        now=make.NOW + timedelta(seconds=2),
        fingerprint="",
        customer_email="ada@example.test",
        note="Gift",
        command=command(by),
        arrival=Arrival(reported=make.NOW, arrived_at=make.NOW + timedelta(seconds=2), device_sequence=7),
    )
    settle()
    order.refresh_from_db()
    assert order.status == "COMPLETED"
    return order


def _return(order: Order, by: Person) -> Return:
    device, _ = make.device()
    lines = [make.returning(order), make.returning(order, line=2)]
    returned = complete_return(
        id=new_id(),
        register=make.register(),
        order_id=order.id,
        lines=[lines[0].__class__(**{**vars(line), "reason_code": "BROKEN"}) for line in lines],
        occurred_at=make.NOW,
        now=make.NOW + timedelta(seconds=3),
        fingerprint="",
        reason="Broken",
        refunds=[RefundInput(type="gateway", amount=800), RefundInput(type="card", reference="B-1")],
        command=command(by),
        device=device,
    )
    settle()
    return returned


def _void(by: Person) -> None:
    placed = make.order(make.cash(300))
    void_order(
        order_id=placed.id, reason="Left", register=make.register(), now=make.NOW, refunds=(), command=command(by)
    )
    settle()


def _refused(by: Person) -> None:
    make.replaced(make.refused_refund(), command=command(by))


def _close(shift: Shift, by: Person) -> None:
    counts = [CountInput(type="cash", amount=50), CountInput(type="card", amount=5)]
    close_shift(
        shift_id=shift.id,
        register=make.register(),
        counts=counts,
        now=make.NOW + HOUR,
        note="Short",
        command=command(by),
    )


def changes_of(row: Model) -> Iterator[Change]:
    """Give every column of a row another value, and every member of a column of JSON."""
    table, keys = row._meta.db_table, row._meta.pk_fields
    key: dict[str, Any] = {str(field.column): getattr(row, field.attname) for field in keys}
    free = FREE.get(type(row), {})
    with connection.cursor() as cursor:
        where = " AND ".join(f"{name} = %s" for name in key)
        cursor.execute(f"SELECT * FROM {table} WHERE {where}", list(key.values()))
        values = dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
    for field in row._meta.concrete_fields:
        if not field.column or field.column in free and not _is_told(row, field.column):
            continue
        value = getattr(row, field.attname) if field.get_internal_type() == "JSONField" else values[field.column]
        for path, other in others(field, value):
            yield Change(table=table, key=key, column=field.column, value=other, path=path)
        if field.null and values[field.column] is not None:
            yield Change(table=table, key=key, column=field.column, value=None, path=" (NULL)")


def _is_told(row: Model, column: str) -> bool:
    """Say whether an event tells of a column that is free in other rows."""
    return isinstance(row, PaymentRefund) and column == "reference" and row.state == PaymentRefund.State.COMPLETED


def others(field: Any, value: Any) -> Iterator[tuple[str, Any]]:
    if field.get_internal_type() == "JSONField":
        yield from ((path, Jsonb(other)) for path, other in changed_json(value))
    elif field.choices:
        yield from (("", choice) for choice, _ in field.choices if choice != value)
    elif value is None:
        yield "", empty_of(field)
    elif isinstance(value, bool):
        yield "", not value
    elif isinstance(value, int | Decimal):
        yield "", value + 1
    elif isinstance(value, date | datetime):
        yield "", value + timedelta(days=1)
    elif isinstance(value, UUID):
        yield "", uuid4()
    else:
        yield "", f"{value[:-1]}x" if value else "x"


def empty_of(field: Any) -> Any:
    type_ = field.get_internal_type()
    if type_ in {"UUIDField", "ForeignKey", "OneToOneField"}:
        return uuid4()
    return {"DateField": date(2026, 1, 1), "DateTimeField": make.NOW}.get(type_, 7 if "Integer" in type_ else "x")


def changed_json(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from ((f".{name}{path}", {**value, name: other}) for path, other in changed_json(member))
    elif isinstance(value, list) and value:
        for index, member in enumerate(value):
            for path, other in changed_json(member):
                yield f"[{index}]{path}", [*value[:index], other, *value[index + 1 :]]
        yield "[]", value[1:]
    elif value is None:
        yield "", "1"
    elif isinstance(value, bool):
        yield "", not value
    elif isinstance(value, int):
        yield "", value + 1
    elif isinstance(value, str):
        yield "", f"{value}1"
    else:
        yield "", [{"amount": 1}]


@dataclass
class Auditor:
    """What `verify` asks, the question first that found something last."""

    asked: list[Invariant | Walk]

    def names_a_row(self) -> bool:
        with connection.cursor() as cursor:
            for question in self.asked:
                found = _check(question, cursor, {"tenant": "north"})
                if found.broken:
                    self.asked.remove(question)
                    self.asked.insert(0, question)
                    return bool(found.named)
        return False


def is_seen(change: Change, auditor: Auditor) -> bool:
    """Say whether the database refuses a change, or `verify` names a row for it."""
    where = " AND ".join(f"{name} = %s" for name in change.key)
    update = f'UPDATE {change.table} SET "{change.column}" = %s WHERE {where}'
    with suppress(IntegrityError, DataError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(update, [change.value, *change.key.values()])
        seen = auditor.names_a_row()
        transaction.set_rollback(True)
        return seen
    return True


def let_anything_be_changed(rows: list[Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in sorted({row._meta.db_table for row in rows}):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def written_by_this_code() -> None:
    """Let the migrations have run so long ago that no process of the release before them writes any more."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET applied = applied - interval '2 days'")


@pytest.mark.parametrize("column", ["pos_orderline.discounts", "pos_returnline.discounts", "pos_returnline.taxes"])
def test_a_member_of_json_that_is_no_value_ends_no_check(sold: list[Model], column: str) -> None:
    """`verify` goes on to its other questions, and to other tenants."""
    let_anything_be_changed(sold)
    table, name = column.split(".")
    for member in ("amount", "rate", "percent", "name"):
        is_kept = member != ("percent" if name == "taxes" else "rate")
        values = [f"jsonb_set({name}, '{{0,{member}}}', '{value}')" for value in ("null", '"x"', "[]", "{}")]
        for change in (*values, f"{name} #- '{{0,{member}}}'"):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE {table} SET {name} = {change} WHERE jsonb_array_length({name}) > 0")
                found = [_check(each, cursor, {"tenant": "north"}) for each in all_invariants()]
                transaction.set_rollback(True)
            assert all(each.named for each in found if each.broken), (member, change)
            assert not is_kept or any(each.broken for each in found), (member, change)


def test_whatever_is_changed_of_a_sale_is_named(sold: list[Model]) -> None:
    let_anything_be_changed(sold)
    written_by_this_code()
    auditor = Auditor(all_invariants())
    assert not auditor.names_a_row()

    unseen = [str(change) for row in sold for change in changes_of(row) if not is_seen(change, auditor)]

    assert not unseen, "\n".join(sorted(set(unseen)))
