"""Fifty random days: receipts, orders and SQL come to the same, by day, currency, tax and tender."""

from random import Random

from tenants.models import Tenant

DAYS = 50


def test_fifty_random_days_come_to_the_same_by_receipts_by_orders_and_by_sql(shop: Tenant) -> None:
    from benchmarks.days import compared, sell_days

    done = sell_days(DAYS, Random(14))

    report = compared()

    assert done["orders"] > DAYS
    assert done["returns"] > DAYS // 2
    assert report.agrees, report.text
