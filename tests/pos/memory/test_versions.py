"""A shop's version: another one with each transaction that changes what is remembered, committed with it."""

from collections.abc import Callable

import psycopg
import pytest
from django.db import connection, transaction

from config.place import var
from demo.stack.postgres import EmbeddedPostgres
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant
from pos.memory.shop import TABLES
from pos.models import Barcode, Category, Device, Register, TaxRate, TenderType, Variant
from tenants.models import Tenant
from tests.support import make
from tests.support.crew import person
from tests.support.isolation import own
from tests.support.remembering import version
from tests.support.server_log import is_readable


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def copy() -> None:
    with connection.cursor() as cursor, cursor.copy("COPY pos_taxrate (id, name, rate, inclusive) FROM STDIN") as rows:
        rows.write_row((new_id(), "Copied", "0.1", True))


WAYS: list[Callable[[], object]] = [
    lambda: TaxRate.objects.create(name="New", rate=0),
    lambda: TenderType.objects.filter(code="cash").update(name="Coins"),
    lambda: TaxRate.objects.filter(name="New").delete(),
    lambda: sql("TRUNCATE pos_barcode"),
    copy,
    lambda: Device.objects.update(previous_until=make.NOW),
    lambda: Register.objects.update(code="R9"),
]


def test_each_way_to_change_a_remembered_row_changes_the_version(committed: Tenant) -> None:
    make.device()
    seen = [version()]

    for way in WAYS:
        way()
        seen.append(version())

    assert None not in seen
    assert len(set(seen)) == len(WAYS) + 1


def test_an_update_of_each_table_changes_the_version(committed: Tenant) -> None:
    make.variant("MUG", barcode="123")
    make.shift()
    make.device()
    Category.objects.create(name="Drinks")
    person()
    unseen = []
    for table in sorted(TABLES):
        before = version()
        sql(f"UPDATE {table} SET id = id")
        unseen += [table] if version() == before else []

    assert unseen == []


def test_counters_and_the_last_use_do_not_change_it(committed: Tenant) -> None:
    make.variant("MUG")
    make.shift()
    make.device()
    before = version()

    Device.objects.update(last_used_at=make.NOW)
    make.order(make.cash(1000))
    Register.objects.update(next_return_number=7)

    assert version() == before


def test_a_transaction_changes_it_once_however_many_rows_it_changes(committed: Tenant) -> None:
    seen = [version()]
    with transaction.atomic():
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        for name in ("Coins", "Notes"):
            TenderType.objects.update(name=name)
            seen.append(version())

    assert [*seen, version()] == [seen[0], seen[1], seen[1], seen[1]]
    assert seen[0] != seen[1]


def test_it_appears_with_the_change_and_goes_with_it(committed: Tenant) -> None:
    before = version()

    with transaction.atomic():
        TenderType.objects.update(name="Coins")
        assert version() == before
        transaction.set_rollback(True)
    assert version() == before

    with transaction.atomic():
        sid = transaction.savepoint()
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        TenderType.objects.update(name="Coins")
        inside = version()
        transaction.savepoint_rollback(sid)
        TenderType.objects.filter(code="cash").update(name="Notes")

    assert len({before, inside, version()}) == 3


def test_it_is_the_shop_s_whatever_schema_the_session_is_in_at_commit(committed: Tenant, south: Tenant) -> None:
    before = version()
    with in_tenant(south):
        other = version()

    with transaction.atomic():
        TenderType.objects.update(name="Coins")
        with in_public_schema():
            Tenant.objects.count()
            transaction.on_commit(lambda: None)

    assert version() != before
    with in_tenant(south):
        assert version() == other


def test_both_shops_of_one_transaction_get_another_one(committed: Tenant, south: Tenant) -> None:
    before = [version()]
    with in_tenant(south):
        before.append(version())

    with transaction.atomic():
        TenderType.objects.update(name="Coins")
        with in_tenant(south):
            TenderType.objects.update(name="Coins")
        TenderType.objects.update(name="Notes")

    with in_tenant(south):
        after = [version()]
    assert not {version(), *after} & set(before)


def test_a_version_that_is_missing_comes_back_with_the_next_change(committed: Tenant) -> None:
    sql("TRUNCATE pos_shopversion")
    assert version() is None

    Variant.objects.update(price=1)
    assert version() is None
    make.variant("MUG")

    assert version() is not None


@pytest.mark.skipif(not is_readable(), reason="a server that was given has no superuser here")
def test_a_session_that_replicates_changes_it_too(committed: Tenant) -> None:
    make.variant("MUG", barcode="123")
    before = version()

    server = EmbeddedPostgres(var() / "postgres")
    with psycopg.connect(server.url("postgres", own.database), autocommit=True) as database:
        database.execute("SET session_replication_role = replica")
        database.execute("DELETE FROM north.pos_barcode")

    assert not Barcode.objects.exists()
    assert version() != before
