"""What orders, their lines, taxes, tenders and refunds announced when they were recorded, beside their rows.

Events of a first version do not carry all of it: what an event does not say is not compared.
"""

from collections.abc import Mapping

from kernel.invariants import declare

_EVENTS = """(SELECT * FROM events_event WHERE tenant_id = %(tenant)s AND type IN ({types}) AND version >= {version}
    AND audience IS NULL) e"""


def _events(*types: str, version: int = 1) -> str:
    return _EVENTS.format(types=", ".join(repr(each) for each in types), version=version)


def _elements(of: str) -> str:
    return f"jsonb_array_elements(CASE jsonb_typeof({of}) WHEN 'array' THEN {of} ELSE '[]' END) WITH ORDINALITY"


def _differs(said: str, row: str, members: Mapping[str, str]) -> str:
    """Write the condition that a row differs from a member that an event says.

    :param members: their types, by name. In a row, a text that is empty stands for null.
    """
    compared = []
    for name, type_ in members.items():
        column = f"coalesce({row}.{name}, '')" if type_ == "text" else f"{row}.{name}"
        told = f"coalesce({said}->>'{name}', '')" if type_ == "text" else f"({said}->>'{name}')::{type_}"
        missing = f"{said} ? '{name}'" if type_ == "text" else f"{said}->>'{name}' IS NOT NULL"
        compared.append(f"({missing} AND {column} IS DISTINCT FROM {told})")
    return " OR ".join(compared)


_ORDERS = _events("pos.order_placed", "pos.order_completed", version=2)
_LINES = f"{_ORDERS} CROSS JOIN LATERAL {_elements('e.data->' + repr('lines'))} AS j(line, place)"

declare(
    "orders = what they announced",
    _differs(
        "e.data", "o",
        {"rounding_level": "text", "currency": "text", "subtotal": "bigint", "tax_total": "bigint",
         "discount_total": "bigint", "rounding_adjustment": "bigint", "total": "bigint", "training": "boolean",
         "occurred_at": "timestamptz"},
    ),
    f"{_ORDERS} JOIN pos_order o ON e.stream = 'order:' || o.id::text",
    order=171,
)  # fmt: skip
declare(
    "sold lines = what was announced of them",
    "l.id IS NULL OR "
    + _differs(
        "j.line", "l",
        {"sku": "text", "description": "text", "category": "text", "price_source": "text", "quantity": "numeric",
         "list_price": "numeric", "gross": "bigint", "tax_total": "bigint", "total": "bigint"},
    )
    + f""" OR jsonb_typeof(j.line->'discounts') = 'array' AND (
        SELECT jsonb_agg(jsonb_build_array(coalesce(d.said->>'name', ''), (d.said->>'rate')::numeric * 100,
            d.said->'amount') ORDER BY d.place)
        FROM {_elements("j.line->'discounts'")} AS d(said, place) WHERE d.said->>'scope' = 'LINE'
    ) IS DISTINCT FROM (
        SELECT jsonb_agg(jsonb_build_array(coalesce(d.kept->>'name', ''), (d.kept->>'percent')::numeric,
            d.kept->'amount') ORDER BY d.place)
        FROM {_elements("l.discounts")} AS d(kept, place) WHERE d.kept->'amount' <> '0'
    )""",
    f"{_LINES} LEFT JOIN pos_orderline l ON l.id = (j.line->>'line_id')::uuid",
    order=172,
)  # fmt: skip
declare(
    "taxes of lines = what was announced of them",
    "t.line_id IS NULL OR "
    + _differs(
        "x.tax", "t",
        {"code": "text", "name": "text", "rate": "numeric", "inclusive": "boolean", "base": "bigint",
         "amount": "bigint"},
    ),
    f"""{_LINES} CROSS JOIN LATERAL {_elements("j.line->'taxes'")} AS x(tax, place)
        LEFT JOIN pos_orderlinetax t ON t.line_id = (j.line->>'line_id')::uuid AND t.number = x.place""",
    order=173,
)  # fmt: skip
declare(
    "settled tenders = what was announced of them",
    "t.id IS NULL OR "
    + _differs("j.tender", "t", {"reference": "text", "amount": "bigint", "change": "bigint", "rounding": "bigint"}),
    f"""{_events("pos.order_placed", "pos.tenders_added", "pos.order_completed")}
        CROSS JOIN LATERAL {_elements("e.data->'tenders'")} AS j(tender, place)
        LEFT JOIN pos_tender t ON t.id = (j.tender->>'tender_id')::uuid
        WHERE j.tender->>'state' = 'SETTLED' AND (e.version >= 2 OR e.type = 'pos.tenders_added')""",
    order=174,
)
declare(
    "refunds = what was announced of them",
    "r.id IS NULL OR r.amount <> (j.refund->>'amount')::bigint"
    " OR r.kind <> 'GATEWAY' AND j.refund->>'reference' <> r.reference",
    f"""{_events("pos.return_completed", "pos.order_voided", "pos.refund_replaced")}
        CROSS JOIN LATERAL {_elements("e.data->'refunds'")} AS j(refund, place)
        LEFT JOIN pos_refund r ON r.id = (j.refund->>'refund_id')::uuid WHERE j.refund ? 'refund_id'""",
    order=175,
)
declare(
    "returned of lines = lines of returns",
    """l.returned_quantity <> coalesce(back.quantity, 0) OR l.returned_total <> coalesce(back.total, 0)
    OR l.returned_tax <> coalesce(back.tax_total, 0)""",
    """pos_orderline l LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity, sum(total) AS total,
       sum(tax_total) AS tax_total FROM pos_returnline GROUP BY order_line_id) back ON back.order_line_id = l.id""",
    order=81,
)
