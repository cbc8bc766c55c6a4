"""Rows that a unit of work writes later are those that the ORM would have written."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connection, models

from events.publishing import unit_of_work
from events.publishing.inserting import NotInsertable, insertion
from events.testing.work import drain
from kernel.statements import Statement
from payments.models import Payment
from pos.models import Order, OrderLine, OrderLineTax, Receipt, Refund, Return, ReturnLine, Tender
from tenants.models import Tenant
from tests.support import make

Rows = list[models.Model]


@contextmanager
def written_later(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Rows]]:
    """Note the rows as they were when they were collected."""
    noted: list[Rows] = []

    def note(rows: Sequence[models.Model]) -> Statement:
        noted.append([copy.copy(row) for row in rows])
        return insertion(rows)

    with monkeypatch.context() as patched:
        patched.setattr(unit_of_work, "insertion", note)
        yield noted


def stored(rows: Rows) -> list[Any]:
    with connection.cursor() as cursor:
        table = rows[0]._meta.db_table
        key = "line_id" if isinstance(rows[0], OrderLineTax) else "id"
        keys = [getattr(row, key) for row in rows]
        cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t WHERE {key} = ANY(%s) ORDER BY {key}', [keys])
        return cursor.fetchall()


def written_by_the_orm(collected: list[Rows]) -> list[list[Any]]:
    """Write the same rows with the ORM, in the place of those that are there."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE pos_receipt DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for rows in reversed(collected):
        of_model = type(rows[0])._default_manager
        of_model.filter(pk__in=[row.pk for row in rows])._raw_delete("default")
    for rows in collected:
        type(rows[0])._default_manager.bulk_create(rows)
    return [stored(rows) for rows in collected]


def sell_much() -> None:
    make.variant("MUG", 1000)
    make.variant("NET", 333, tax_rate="Standard, added")
    lines = [
        make.asked("MUG", "0.125", description="\"quoted\" \\ 'Größe' 😀"),
        make.asked("NET", "99999"),
        make.asked("", description="Engraving", unit_price=0, tax_rate="Zero"),
    ]
    make.order(make.cash(10**9), make.card(100), lines=lines, email="a@b.test")


def sell_a_mug() -> None:
    make.variant("MUG", 1000)
    make.order(make.cash(2000))


def sell_without_tenders() -> None:
    make.variant("MUG", 1000)
    make.order()


def test_an_orders_rows_are_as_the_orm_writes_them(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for sell, models_ in (
        (sell_much, [Order, OrderLine, OrderLineTax, Tender]),
        (sell_a_mug, [Receipt, Order, OrderLine, OrderLineTax, Tender]),
        (sell_without_tenders, [Order, OrderLine, OrderLineTax]),
    ):
        with written_later(monkeypatch) as collected:
            sell()

        assert [type(rows[0]) for rows in collected] == models_
        assert [stored(rows) for rows in collected] == written_by_the_orm(collected)


def test_a_returns_rows_are_as_the_orm_writes_them(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    make.variant("MUG", 1000)
    order = make.order(make.cash(1000))

    with written_later(monkeypatch) as collected:
        make.return_(order, make.returning(order, "0.5"))

    assert [type(rows[0]) for rows in collected] == [Receipt, Return, ReturnLine, Refund]
    assert [stored(rows) for rows in collected] == written_by_the_orm(collected)


def test_payments_of_a_list_of_orders_are_as_the_orm_writes_them(shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    make.variant("MUG", 1000)
    for _ in range(3):
        make.order(make.cash(2000))

    with written_later(monkeypatch) as collected:
        drain("payments.record_payments")

    assert [[type(row) for row in rows] for rows in collected] == [[Payment] * 3]
    assert [stored(rows) for rows in collected] == written_by_the_orm(collected)


def test_what_the_orm_would_convert_is_converted(shop: Tenant) -> None:
    """Numbers that are no decimals, a moment without an offset, members of an enumeration."""
    make.variant("MUG", 1000)
    order = make.order()
    line = order.lines.get()
    line.quantity, line.tax_rate, line.description = 0.1 + 0.2, "0.2", Order.Status.PLACED  # type: ignore[assignment]
    order.status = Order.Status.PLACED

    OrderLineTax.objects.all()._raw_delete("default")
    by_orm = written_by_the_orm([[line]])
    OrderLine.objects.filter(pk=line.pk)._raw_delete("default")
    with unit_of_work.unit_of_work() as unit:
        unit.insert_later([line])

    assert [stored([line])] == by_orm
    line.quantity = Decimal("NaN")
    for write in (OrderLine.objects.bulk_create, insertion):
        with pytest.raises(ValidationError):
            write([line])


def test_a_model_whose_key_the_database_makes_is_left_to_the_orm(shop: Tenant) -> None:
    with pytest.raises(NotInsertable, match="ORM"):
        insertion([ContentType()])
