"""What a closed shift should come to, recomputed with SQL from orders, tenders, returns and movements.

What is in its Z is decided by the log: the event that told of it is not after the position up to which the Z goes.
"""

from typing import Any

from django.db import connection

IN_Z = "e.position <= (SELECT closed_position FROM pos_shift WHERE id = %(shift)s)"
_SALES = f"""
SELECT count(*), coalesce(sum(o.total), 0)::bigint, coalesce(sum(o.subtotal), 0)::bigint,
    coalesce(sum(o.tax_total), 0)::bigint
FROM pos_order o JOIN events_event e ON e.tenant_id = %(tenant)s AND e.stream = 'order:' || o.id
    AND e.type = 'pos.order_completed'
WHERE o.shift_id = %(shift)s AND {IN_Z}
"""
_RETURNS = f"""
SELECT count(*), coalesce(sum(r.total), 0)::bigint, coalesce(sum(r.tax_total), 0)::bigint
FROM pos_return r JOIN events_event e ON e.tenant_id = %(tenant)s AND e.stream = 'return:' || r.id
WHERE r.shift_id = %(shift)s AND {IN_Z}
"""
_TAXES = f"""
SELECT x.name, x.rate::float, sum(x.base)::bigint, sum(x.amount)::bigint
FROM pos_orderlinetax x JOIN pos_orderline l ON l.id = x.line_id JOIN pos_order o ON o.id = l.order_id
JOIN events_event e ON e.tenant_id = %(tenant)s AND e.stream = 'order:' || o.id AND e.type = 'pos.order_completed'
WHERE o.shift_id = %(shift)s AND {IN_Z} GROUP BY 1, 2 ORDER BY 1, 2
"""
_TENDERS = f"""
SELECT y.code, count(*), sum(t.amount - t.change)::bigint
FROM pos_tender t JOIN pos_tendertype y ON y.id = t.type_id JOIN pos_order o ON o.id = t.order_id
CROSS JOIN LATERAL (
    SELECT min(e.position) AS position FROM events_event e
    WHERE e.tenant_id = %(tenant)s AND e.stream = 'order:' || o.id AND (e.type = 'pos.order_completed'
        OR t.kind <> 'GATEWAY' AND e.type IN ('pos.order_placed', 'pos.tenders_added')
        AND e.data -> 'tenders' @> jsonb_build_array(jsonb_build_object('tender_id', t.id)))
) e
WHERE t.state = 'SETTLED' AND t.shift_id = %(shift)s AND {IN_Z} GROUP BY 1 ORDER BY 1
"""
_REFUNDS = f"""
SELECT y.code, count(*), sum(f.amount)::bigint
FROM pos_refund f JOIN pos_tendertype y ON y.id = f.type_id
JOIN events_event e ON e.tenant_id = %(tenant)s AND e.type IN ('pos.return_completed', 'pos.order_voided')
    AND e.data -> 'refunds' @> jsonb_build_array(jsonb_build_object('refund_id', f.id))
WHERE f.shift_id = %(shift)s AND {IN_Z} GROUP BY 1 ORDER BY 1
"""
_CASH = """
SELECT s.float_amount
    + coalesce((SELECT sum(amount) FROM pos_cashmovement m WHERE m.shift_id = s.id AND kind <> 'FLOAT'), 0)
FROM pos_shift s WHERE s.id = %(shift)s
"""


def recomputed(shift_id: Any, tenant: str) -> dict[str, Any]:
    """Return sales, returns, taxes, tenders, refunds and expected cash of a closed shift."""

    def rows(statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"shift": shift_id, "tenant": tenant})
            return cursor.fetchall()

    tenders, refunds = rows(_TENDERS), rows(_REFUNDS)
    cash = sum(amount for code, _, amount in tenders if code == "cash")
    back = sum(amount for code, _, amount in refunds if code == "cash")
    return {
        "sales": rows(_SALES)[0],
        "returns": rows(_RETURNS)[0],
        "taxes": rows(_TAXES),
        "tenders": tenders,
        "refunds": refunds,
        "cash": int(rows(_CASH)[0][0]) + cash - back,
    }


def printed(z: dict[str, Any]) -> dict[str, Any]:
    """Return the same of the snapshot of a Z report."""

    def summed(part: str, *names: str) -> tuple[int, ...]:
        return tuple(sum(register[part][name] for register in z["registers"]) for name in names)

    (cash,) = [count["expected"] for count in z["counts"] if count["type"] == "cash"]
    return {
        "sales": summed("sales", "count", "total", "net", "tax"),
        "returns": summed("returns", "count", "total", "tax"),
        "taxes": sorted(
            (tax["name"], float(tax["rate"]), tax["base"], tax["amount"])
            for tax in z["taxes"]
            if tax["base"] or tax["amount"]
        ),
        "tenders": sorted((t["type"], t["count"], t["amount"]) for t in z["tenders"] if t["count"]),
        "refunds": sorted((t["type"], t["refunds"], t["refunded"]) for t in z["tenders"] if t["refunds"]),
        "cash": cash,
    }
