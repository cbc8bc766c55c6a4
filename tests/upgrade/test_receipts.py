"""Receipts of an installation made by older code: each order and return has one, with the number that it had."""

import json
from typing import Any

from kernel.tenancy import in_tenant
from pos.models import Receipt, Register
from pos.receipts.snapshot import read_snapshot
from tenants.models import Tenant
from tests.upgrade.restoring import SHOPS, Upgraded

KINDS = {
    "ORDER": ("pos_order", "receipt_number", "{code}-{number:06}"),
    "RETURN": ("pos_return", "number", "{code}-R{number:06}"),
}


def old_rows(upgraded: Upgraded, shop: str, table: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in upgraded.before.contents[shop, table]]


def test_sh1_every_old_receipt_is_found_under_its_old_number(upgraded: Upgraded) -> None:
    seen = 0
    for shop in SHOPS:
        codes = {row["id"]: row["code"] for row in old_rows(upgraded, shop, "pos_register")}
        with in_tenant(Tenant.objects.get(schema_name=shop)):
            assert dict(Register.objects.values_list("code", "series")) == {code: code for code in codes.values()}
            receipts = {(receipt.kind, str(receipt.source_id)): receipt for receipt in Receipt.objects.all()}
        for kind, (table, column, written) in KINDS.items():
            for row in old_rows(upgraded, shop, table):
                if row[column] is None:
                    continue
                receipt = receipts.pop((kind, row["id"]))
                snapshot = read_snapshot(receipt.snapshot)
                assert str(receipt) == written.format(code=codes[row["register_id"]], number=row[column])
                assert (snapshot.receipt, snapshot.total, snapshot.rebuilt) == (str(receipt), row["total"], True)
                seen += 1
        assert receipts == {}
    assert seen > 10


def test_the_next_receipt_follows_in_the_chain_of_the_old_ones(upgraded: Upgraded) -> None:
    for shop in SHOPS:
        with in_tenant(Tenant.objects.get(schema_name=shop)):
            for register in Register.objects.all():
                newest = Receipt.objects.filter(series=register.series, kind="ORDER").order_by("number").last()
                assert register.receipts_chained == register.next_receipt_number - 1
                assert register.receipt_head == (newest.hash if newest else "")
