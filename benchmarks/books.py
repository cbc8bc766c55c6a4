"""What days came to: by their receipts, by their orders and returns, and by SQL that shares nothing with either.

Amounts are minor units, keyed by day, currency and what they are: the total, a tax with its rate, a tender. What goes
back is subtracted.
"""

import json
from collections import Counter
from typing import Any

from django.db import connection

Sums = Counter[tuple[str, ...]]

_BY_SQL = """
WITH sold AS (
    SELECT o.id, o.currency, 1 AS sign, o.rounding_adjustment,
        ((o.occurred_at AT TIME ZONE l.timezone) - make_interval(hours => p.cut_over_hour))::date::text AS day
    FROM pos_order o JOIN pos_register r ON r.id = o.register_id JOIN pos_location l ON l.id = r.location_id
    CROSS JOIN (SELECT cut_over_hour FROM pos_shopprofile WHERE current) p
    WHERE o.status = 'COMPLETED' AND NOT o.training
), back AS (
    SELECT b.id, b.currency, -1 AS sign, b.rounding_adjustment,
        ((b.occurred_at AT TIME ZONE l.timezone) - make_interval(hours => p.cut_over_hour))::date::text AS day
    FROM pos_return b JOIN pos_register r ON r.id = b.register_id JOIN pos_location l ON l.id = r.location_id
    CROSS JOIN (SELECT cut_over_hour FROM pos_shopprofile WHERE current) p
), amounts AS (
    SELECT day, currency, 'total' AS what, '' AS name, '' AS rate, round(i.quantity * i.exact_unit_price)
        - i.line_discount - i.order_discount_share
        + CASE WHEN i.tax_inclusive THEN 0
            ELSE (SELECT sum(x.amount) FROM pos_orderlinetax x WHERE x.line_id = i.id) END AS amount
    FROM sold JOIN pos_orderline i ON i.order_id = sold.id
    UNION ALL SELECT day, currency, 'total', '', '', sign * rounding_adjustment
        FROM (SELECT * FROM sold UNION ALL SELECT * FROM back) AS d
    UNION ALL SELECT day, currency, 'total', '', '', -i.total FROM back JOIN pos_returnline i ON i.parent_id = back.id
    UNION ALL SELECT day, currency, 'tax', x.code, trim_scale(x.rate)::text, x.amount
        FROM sold JOIN pos_orderline i ON i.order_id = sold.id JOIN pos_orderlinetax x ON x.line_id = i.id
    UNION ALL SELECT day, currency, 'tax', x->>'code', trim_scale((x->>'rate')::numeric)::text, -(x->>'amount')::bigint
        FROM back JOIN pos_returnline i ON i.parent_id = back.id, jsonb_array_elements(i.taxes) x
    UNION ALL SELECT day, currency, 'tender', y.code, '', t.amount - t.change
        FROM sold JOIN pos_tender t ON t.order_id = sold.id JOIN pos_tendertype y ON y.id = t.type_id
        WHERE t.state = 'SETTLED'
    UNION ALL SELECT day, currency, 'tender', y.code, '', -f.amount
        FROM back JOIN pos_refund f ON f.parent_id = back.id JOIN pos_tendertype y ON y.id = f.type_id
)
SELECT day, currency, what, name, rate, sum(amount)::bigint FROM amounts GROUP BY 1, 2, 3, 4, 5
"""


def by_receipts() -> Sums:
    """Sum up what the receipts say."""
    from pos.models import Receipt

    sums: Sums = Counter()
    for kind, text in Receipt.objects.order_by("id").values_list("kind", "snapshot").iterator():
        said = json.loads(text)
        if said["training"]:
            continue
        sign, day = (-1 if kind == Receipt.Kind.RETURN else 1), (said["when"]["business_date"], said["currency"])
        sums[*day, "total", "", ""] += sign * said["total"]
        for tax in said["taxes"]:
            sums[*day, "tax", tax["code"], tax["rate"]] += sign * tax["amount"]
        for paid in said["tenders"]:
            sums[*day, "tender", paid["type"], ""] += sign * (paid["amount"] - paid["change"])
    return _without_zeros(sums)


def by_orders() -> Sums:
    """Sum up orders and returns, as the services have written them."""
    from kernel.money import written
    from pos.models import Order, Return
    from pos.orders.queries import orders
    from pos.returns.queries import returns

    sums: Sums = Counter()
    for order in orders().filter(status=Order.Status.COMPLETED, training=False).iterator(chunk_size=500):
        day = (str(order.business_date), order.currency)
        sums[*day, "total", "", ""] += order.total
        for line in order.lines.all():
            for tax in line.taxes.all():
                sums[*day, "tax", tax.code, written(tax.rate)] += tax.amount
        for tender in order.tenders.all():
            if tender.state == tender.State.SETTLED:
                sums[*day, "tender", tender.type.code, ""] += tender.paid
    returned: Return
    for returned in returns().iterator(chunk_size=500):
        day = (str(returned.business_date), returned.currency)
        sums[*day, "total", "", ""] -= returned.total
        for row in returned.lines.all():
            for tax in row.taxes or []:
                sums[*day, "tax", tax["code"], written(_decimal(tax["rate"]))] -= tax["amount"]
        for refund in returned.refunds.all():
            sums[*day, "tender", refund.type.code, ""] -= refund.amount
    return _without_zeros(sums)


def by_sql() -> Sums:
    """Sum up the rows: lines anew from quantity, price and discounts, days from moments and the cut-over hour."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_SQL)
        return _without_zeros(Counter({tuple(row[:-1]): int(row[-1]) for row in cursor.fetchall()}))


def broken() -> list[str]:
    """Return the invariants of `verify` that the rows break, of those that need no events."""
    from kernel.invariants import Invariant, all_invariants
    from kernel.tenancy import current_tenant

    found = []
    for each in all_invariants():
        if not isinstance(each, Invariant) or "events_" in each.statement or "inventory_" in each.statement:
            continue
        if "payments_" in each.statement or "notifications_" in each.statement:
            continue
        with connection.cursor() as cursor:
            cursor.execute(each.statement, {"tenant": current_tenant()})
            if cursor.fetchone()[1]:
                found.append(each.name)
    return found


def _without_zeros(sums: Sums) -> Sums:
    return Counter({key: amount for key, amount in sums.items() if amount})


def _decimal(text: Any) -> Any:
    from decimal import Decimal

    return Decimal(text)
