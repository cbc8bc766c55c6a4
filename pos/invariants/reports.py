"""What reports add up, beside the rows of orders, returns, tenders and refunds whose events they reflect."""

from collections.abc import Sequence

from kernel.invariants import declare

_HEARD = """(SELECT e.* FROM events_event e JOIN events_processedevent p ON p.tenant_id = e.tenant_id
    AND p.position = e.position AND p.subscriber = 'pos.keep_report_figures'
    WHERE e.tenant_id = %(tenant)s AND e.type {types} AND e.data->'training' IS DISTINCT FROM 'true'::jsonb)"""


def _heard(*types: str) -> str:
    return _HEARD.format(types=f"IN ({', '.join(repr(each) for each in types)})")


_PLACE = """coalesce((e.data->>'business_date')::date, (e.occurred_at AT TIME ZONE 'UTC')::date) AS business_date,
    (e.data->>'location_id')::uuid AS location_id, e.data->>'currency' AS currency"""
_WHO = """(e.data->>'register_id')::uuid AS register_id, (e.data->>'staff_id')::uuid AS staff_id,
    extract(hour FROM e.occurred_at AT TIME ZONE coalesce(e.data->>'time_zone', 'UTC')) AS hour"""
_ORDERS = f"{_heard('pos.order_completed')} e JOIN pos_order o ON e.stream = 'order:' || o.id::text"
_RETURNS = f"{_heard('pos.return_completed')} e JOIN pos_return b ON e.stream = 'return:' || b.id::text"
_SOLD = f"{_ORDERS} JOIN pos_orderline l ON l.order_id = o.id"
_BACK = f"{_RETURNS} JOIN pos_returnline l ON l.parent_id = b.id"
_UNKNOWN_TAX = "'' AS code, 'INCLUDED' AS detail, 0 AS rate, l.total - l.tax_total AS base, l.tax_total AS tax"
_TAX = "CASE WHEN (t.inclusive)::boolean THEN 'INCLUDED' ELSE 'ADDED' END AS detail"


def _elements(of: str) -> str:
    return f"jsonb_array_elements(CASE jsonb_typeof({of}) WHEN 'array' THEN {of} ELSE '[]' END)"


_TENDER = """j->>'tender_type' AS code, j->>'kind' AS detail,
    coalesce((j->>'register_id')::uuid, {register}) AS register_id"""


def _declare(
    name: str, kind: str, direction: str, keys: Sequence[str], sums: Sequence[str], *, rows: str, at: int
) -> None:
    """Declare that the figures of a kind are the sums of rows: each key has the same in both.

    :param rows: selects what is added up, with the columns of the keys and of the sums.
    """
    all_keys = ", ".join(["business_date", "location_id", "currency", *keys])
    both = f"""SELECT {all_keys}, {", ".join(sums)} FROM pos_reportfigure
        WHERE kind = '{kind}' AND direction = '{direction}'
        UNION ALL SELECT {all_keys}, {", ".join(f"-{each}" for each in sums)} FROM ({rows}) made"""
    added = ", ".join(f"sum({each}) AS {each}" for each in sums)
    declare(
        name,
        " OR ".join(f"{each} <> 0" for each in sums),
        f"(SELECT {all_keys}, {added} FROM ({both}) figures GROUP BY {all_keys}) compared",
        order=at,
    )


_declare(
    "reported sales = orders",
    "SALES",
    "SALE",
    ["register_id", "staff_id", "hour"],
    ["documents", "quantity", "gross", "discount", "tax", "rounding", "total"],
    rows=f"""SELECT {_PLACE}, {_WHO}, 1 AS documents, l.quantity, l.gross, o.discount_total AS discount,
        o.tax_total AS tax, o.rounding_adjustment AS rounding, o.total FROM {_ORDERS}
        JOIN (SELECT order_id, sum(quantity) AS quantity, sum(gross) AS gross FROM pos_orderline GROUP BY order_id) l
            ON l.order_id = o.id""",
    at=181,
)
_declare(
    "reported sales = returns",
    "SALES",
    "RETURN",
    ["register_id", "staff_id", "hour"],
    ["documents", "quantity", "tax", "rounding", "total"],
    rows=f"""SELECT {_PLACE}, {_WHO}, 1 AS documents, l.quantity, b.tax_total AS tax,
        b.rounding_adjustment AS rounding, b.total FROM {_RETURNS}
        JOIN (SELECT parent_id, sum(quantity) AS quantity FROM pos_returnline GROUP BY parent_id) l
            ON l.parent_id = b.id""",
    at=182,
)
_declare(
    "reported taxes = taxes of orders",
    "TAXES",
    "SALE",
    ["code", "detail", "rate"],
    ["base", "tax"],
    rows=f"""SELECT {_PLACE}, t.code, {_TAX}, t.rate, t.base, t.amount AS tax FROM {_SOLD}
        JOIN pos_orderlinetax t ON t.line_id = l.id WHERE e.version > 1
        UNION ALL SELECT {_PLACE}, {_UNKNOWN_TAX} FROM {_SOLD} WHERE e.version = 1""",
    at=183,
)
_declare(
    "reported taxes = taxes of returns",
    "TAXES",
    "RETURN",
    ["code", "detail", "rate"],
    ["base", "tax"],
    rows=f"""SELECT {_PLACE}, t.code, {_TAX}, t.rate, t.base, t.amount AS tax FROM {_BACK}
        CROSS JOIN jsonb_to_recordset(l.taxes) AS t (
            code text, inclusive boolean, rate numeric, base bigint, amount bigint
        )
        WHERE e.version > 2 AND l.taxes IS NOT NULL
        UNION ALL SELECT {_PLACE}, {_UNKNOWN_TAX} FROM {_BACK} WHERE e.version < 3 OR l.taxes IS NULL""",
    at=184,
)
_declare(
    "reported tenders = tenders",
    "TENDERS",
    "SALE",
    ["register_id", "code", "detail"],
    ["documents", "rounding", "total"],
    rows=f"""SELECT {_PLACE}, {_TENDER.format(register="NULL")}, 1 AS documents, t.rounding,
            t.amount - t.change AS total
        FROM {_heard("pos.order_placed", "pos.tenders_added")} e CROSS JOIN LATERAL {_elements("e.data->'tenders'")} j
        JOIN pos_tender t ON t.id = (j->>'tender_id')::uuid WHERE t.register_id IS NOT NULL AND t.kind <> 'GATEWAY'
        UNION ALL SELECT {_PLACE}, {_TENDER.format(register="(e.data->>'register_id')::uuid")}, 1, t.rounding,
            t.amount - t.change
        FROM {_heard("pos.order_completed")} e CROSS JOIN LATERAL {_elements("e.data->'tenders'")} j
        JOIN pos_tender t ON t.id = (j->>'tender_id')::uuid WHERE t.register_id IS NULL OR t.kind = 'GATEWAY'""",
    at=185,
)
_declare(
    "reported tenders = refunds",
    "TENDERS",
    "RETURN",
    ["register_id", "code", "detail"],
    ["documents", "rounding", "total"],
    rows=f"""SELECT {_PLACE}, {_TENDER.format(register="(e.data->>'register_id')::uuid")}, 1 AS documents, r.rounding,
            r.amount AS total
        FROM {_heard("pos.return_completed", "pos.order_voided", "pos.refund_replaced")} e
        CROSS JOIN LATERAL {_elements("e.data->'refunds'")} j
        JOIN pos_refund r ON r.id = (j->>'refund_id')::uuid
        UNION ALL SELECT {_PLACE}, {_TENDER.format(register="(e.data->>'register_id')::uuid")}, -1, -r.rounding,
            -r.amount
        FROM {_heard("pos.refund_refused")} e CROSS JOIN LATERAL (SELECT e.data->'refund' AS j) j
        JOIN pos_refund r ON r.id = (j->>'refund_id')::uuid""",
    at=186,
)
_declare(
    "reported products = lines of orders",
    "PRODUCTS",
    "SALE",
    ["variant_id"],
    ["quantity", "gross", "discount", "tax", "total"],
    rows=f"""SELECT {_PLACE}, l.variant_id, l.quantity, l.gross, l.line_discount + l.order_discount_share AS discount,
        l.tax_total AS tax, l.total FROM {_SOLD}""",
    at=187,
)
_declare(
    "reported products = lines of returns",
    "PRODUCTS",
    "RETURN",
    ["variant_id"],
    ["quantity", "tax", "total"],
    rows=f"SELECT {_PLACE}, l.variant_id, l.quantity, l.tax_total AS tax, l.total FROM {_BACK}",
    at=188,
)
_declare(
    "reported refunds = lines of returns, and money of cancelled orders",
    "REFUNDS",
    "RETURN",
    [],
    ["quantity", "tax", "total"],
    rows=f"""SELECT {_PLACE}, l.quantity, l.tax_total AS tax, l.total FROM {_BACK}
        UNION ALL SELECT {_PLACE}, 0, 0, r.amount
        FROM {_heard("pos.order_voided")} e CROSS JOIN LATERAL {_elements("e.data->'refunds'")} j
        JOIN pos_refund r ON r.id = (j->>'refund_id')::uuid""",
    at=189,
)
_declare(
    "reported discounts = discounts of orders",
    "DISCOUNTS",
    "SALE",
    [],
    ["discount"],
    rows=f"SELECT {_PLACE}, o.discount_total AS discount FROM {_ORDERS}",
    at=189,
)
_declare(
    "reported over and short = closed shifts",
    "OVER_SHORT",
    "SALE",
    ["shift_id", "drawer_id", "staff_id", "code"],
    ["documents", "expected", "counted"],
    rows=f"""SELECT {_PLACE}, s.id AS shift_id, s.drawer_id, s.closed_by AS staff_id, x.key AS code, 1 AS documents,
            x.value::bigint AS expected, coalesce((s.counted ->> x.key)::bigint, 0) AS counted
        FROM {_heard("pos.shift_closed")} e JOIN pos_shift s ON e.stream = 'shift:' || s.id::text
        CROSS JOIN LATERAL jsonb_each_text(s.expected) x""",
    at=189,
)
declare(
    "reports reflect no later event than was handled",
    """position > (SELECT s.cursor FROM events_subscription s WHERE s.tenant_id = %(tenant)s
       AND s.subscriber = 'pos.keep_report_figures')""",
    "pos_reportfigure",
    order=189,
)
