"""What processes remember of a shop is made of tables whose changes change the shop's version, and of no others."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.ids import new_id
from pos.cash.queries import OPEN_SHIFTS, TENDER_TYPES, find_open_shift, tender_types
from pos.catalogue.goods import GOODS, LineInput, find_goods
from pos.catalogue.queries import SCALE_CODES, read_scan
from pos.memory.shop import KINDS, TABLES, Kind
from pos.models import Location
from pos.prices.queries import PRICE_LISTS, lists_in_force
from pos.profile.queries import PROFILES, current_profile
from pos.registers.queries import CREWS, DEVICES, MEMBERS, device_of_token, has_staff, member_on_duty
from pos.taxes.rules import TAXES, taxes_named
from tenants.models import Tenant
from tests.support import make

WITHOUT_MEANING = {
    "pos_device": {"last_used_at", "app_version", "clock_offset_ms"},
    "pos_register": {
        "next_receipt_number",
        "next_return_number",
        "next_training_number",
        "receipt_head",
        "return_head",
        "training_head",
        "receipts_chained",
        "returns_chained",
        "trainings_chained",
    },
}
"""Columns that no value depends on, and that change with orders and requests."""
TRIGGERS = """
SELECT c.relname, t.tgtype, t.tgenabled::text, t.tginitdeferred,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (t.tgattr)),
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.relnamespace = 'north'::regnamespace AND p.proname = 'pos_shop_changed'
"""
ROW, BEFORE, INSERT, DELETE, UPDATE, TRUNCATE = 1, 2, 4, 8, 16, 32


def _lines(**named: Any) -> list[LineInput]:
    return [LineInput(id=new_id(), quantity=1, **named)]  # type: ignore[arg-type]


LOADS: dict[Kind[Any, Any], list[Callable[[], object]]] = {
    DEVICES: [lambda: device_of_token("", make.NOW)],
    MEMBERS: [lambda: member_on_duty(new_id())],
    CREWS: [has_staff],
    OPEN_SHIFTS: [lambda: find_open_shift(make.register())],
    PRICE_LISTS: [lambda: lists_in_force(Location(), make.NOW)],
    PROFILES: [current_profile],
    TENDER_TYPES: [lambda: tender_types(["cash"])],
    GOODS: [
        lambda: find_goods(_lines(sku="MUG")),
        lambda: find_goods(_lines(barcode="123")),
    ],
    SCALE_CODES: [lambda: read_scan("2112345012346")],
    TAXES: [lambda: taxes_named({"Zero", "Lonely"})],
}


def test_every_table_that_is_remembered_has_triggers_that_change_the_version(shop: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS)
        found = cursor.fetchall()
    rows = {table: more for table, kind, *more in found if kind == ROW | INSERT | DELETE | UPDATE}
    truncated = {table: more for table, kind, *more in found if kind == TRUNCATE}

    assert set(rows) == set(truncated) == TABLES
    assert {(enabled, deferred) for enabled, deferred, *_ in rows.values()} == {("A", True)}
    assert {(enabled, deferred) for enabled, deferred, *_ in truncated.values()} == {("A", False)}
    for table, (_, _, counted, columns) in rows.items():
        counts = set(counted or columns)
        assert set(columns) - counts == WITHOUT_MEANING.get(table, set()), table


def test_a_value_is_made_of_the_tables_that_its_kind_names(shop: Tenant) -> None:
    make.variant("MUG", barcode="123")
    make.register()

    assert set(LOADS) == set(KINDS)
    for kind, loads in LOADS.items():
        read: set[str] = set()
        for load in loads:
            with CaptureQueriesContext(connection) as captured:
                load()
            sent = " ".join(query["sql"] for query in captured)
            read |= set(re.findall(r'(?:FROM|JOIN) "?(\w+)"?', sent))
        own = {"pos_register", "pos_location"} if kind is OPEN_SHIFTS else set()
        assert read - own == {model._meta.db_table for model in kind.models}, kind.name


@pytest.mark.parametrize("statement", ['UPDATE "pos_variant" SET price = 1', "DELETE FROM pos_barcode"])
def test_a_statement_on_such_a_table_is_told_from_others(statement: str) -> None:
    from pos.memory.memory import Memory
    from pos.memory.shop import ShopMemory

    memory = ShopMemory(tenant_id="north", version="1", memory=Memory())

    assert memory.is_of(statement)
    assert not memory.is_of('INSERT INTO "pos_order" ("register_id", "shift_id") VALUES (1, 2)')
