"""Amounts of an installation made by older code: each line keeps its one tax, to the minor unit."""

import json

from kernel.tenancy import in_tenant
from pos.models import Order, OrderLine, ReturnLine
from tenants.models import Tenant
from tests.upgrade.restoring import SHOPS, Upgraded


def test_each_line_has_its_one_tax_and_each_return_its_share(upgraded: Upgraded) -> None:
    seen = 0
    for name in SHOPS:
        sold = [json.loads(row) for row in upgraded.before.contents[name, "pos_orderline"]]
        returned = [json.loads(row) for row in upgraded.before.contents[name, "pos_returnline"]]
        with in_tenant(Tenant.objects.get(schema_name=name)):
            lines = {str(line.id): line for line in OrderLine.objects.prefetch_related("taxes")}
            back = {str(line.id): line for line in ReturnLine.objects.all()}
        for old in sold:
            line = lines[old["id"]]
            (tax,) = line.taxes.all()
            assert (line.unit_price, line.list_price, line.price_source) == (old["unit_price"], None, None)
            assert line.gross == old["total"] - (0 if old["tax_inclusive"] else old["tax_total"])
            assert (line.line_discount, line.order_discount_share, line.discounts) == (0, 0, [])
            assert (tax.code, tax.name, float(tax.rate)) == (old["tax_name"], old["tax_name"], old["tax_rate"])
            assert (tax.inclusive, tax.amount) == (old["tax_inclusive"], old["tax_total"])
            assert tax.base == old["total"] - old["tax_total"]
            seen += 1
        for old in returned:
            taxes, line_id = back[old["id"]].taxes, old["order_line_id"]
            assert [tax["amount"] for tax in taxes or []] == ([old["tax_total"]] if line_id else [])
            seen += 1
    assert seen > 0


def test_orders_keep_their_totals_and_are_rounded_by_line(upgraded: Upgraded) -> None:
    for name in SHOPS:
        with in_tenant(Tenant.objects.get(schema_name=name)):
            orders = set(Order.objects.values_list("rounding_level", "discount_total", "rounding_adjustment"))
            assert orders <= {("LINE", 0, 0)}
