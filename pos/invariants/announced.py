"""What orders, returns, their lines, taxes, tenders and refunds, and shifts announced, beside their rows.

Events of a first version do not carry all of it: what an event does not say is not compared.
"""

from kernel.announcements import differing, elements, events, recorded, unlike, written_before
from kernel.invariants import declare

_ORDERS = events("pos.order_placed", "pos.order_completed", version=2)
_COMPLETED = events("pos.order_completed", version=2)
_LINES = f"{_ORDERS} CROSS JOIN LATERAL {elements('e.data->' + repr('lines'))} AS j(line, place)"
_TAKEN = events("pos.order_placed", "pos.tenders_added", "pos.order_completed")
_RETURNS = events("pos.return_completed")
_BACK = f"{_RETURNS} CROSS JOIN LATERAL {elements('e.data->' + repr('lines'))} AS j(line, place)"
_REFUNDED = events("pos.return_completed", "pos.order_voided", "pos.refund_replaced")
_PAID_OUT = "coalesce(e.data->>'voided_at', e.data->>'occurred_at')::timestamptz"
_REFUND_RECORDED = "coalesce(e.data->>'voided_at', e.data->>'recorded_at', e.data->>'occurred_at')::timestamptz"


OLDER = written_before("pos", "0036_facts_of_returns")
"""Rows of older code lack columns; the last of these came with this migration."""
LATER = {"kind", "register_id", "shift_id", "staff_id"}
"""What rows of tenders and refunds of older code do not have."""


def _discounts(said: str, kept: str, *, told_where: str = "true") -> str:
    """Write the condition that a line's row has other discounts than its event.

    Lines of orders keep their share of the order's apart: what they keep has no scope.

    :param told_where: which of the event's are compared.
    """
    told = f"""SELECT jsonb_agg(jsonb_build_array(coalesce(d.said->>'name', ''), (d.said->>'rate')::numeric * 100,
        d.said->'amount', d.said->'scope') ORDER BY d.place) FROM {elements(said)} AS d(said, place)
        WHERE {told_where}"""
    row = f"""SELECT jsonb_agg(jsonb_build_array(coalesce(d.kept->>'name', ''), (d.kept->>'percent')::numeric,
        d.kept->'amount', coalesce(d.kept->>'scope', 'LINE')) ORDER BY d.place)
        FROM {elements(kept)} AS d(kept, place) WHERE d.kept->'amount' <> '0'"""
    return f"jsonb_typeof({said}) = 'array' AND ({told}) IS DISTINCT FROM ({row})"


def _other_type(said: str, row: str) -> str:
    """Write the condition that a row has another tender type: another one that was there then has the code it had."""
    return f"""(NOT EXISTS (SELECT FROM pos_tendertype y WHERE y.id = {row}.type_id) OR EXISTS (
        SELECT FROM pos_tendertype y WHERE y.code = {said}->>'tender_type' AND y.id <> {row}.type_id
        AND y.id < {row}.id))"""


def _taxes(said: str, kept: str) -> str:
    """Write the condition that taxes that go back are others than their event says."""
    of_each = """SELECT jsonb_agg(jsonb_build_array(t.tax->>'code', t.tax->>'name', (t.tax->>'rate')::numeric,
        t.tax->'inclusive', t.tax->'base', t.tax->'amount') ORDER BY t.place) FROM {} AS t(tax, place)"""
    return (
        f"jsonb_typeof({said}) = 'array' AND ({of_each.format(elements(said))})"
        f" IS DISTINCT FROM ({of_each.format(elements(kept))})"
    )


declare(
    "orders = what they announced",
    differing(
        "e.data", "o",
        {"register_id": "uuid", "device_id": "uuid", "device_sequence": "bigint", "staff_id": "uuid!", "origin": "text",
         "price_list_id": "uuid", "rounding_level": "text", "currency": "text", "subtotal": "bigint",
         "tax_total": "bigint", "discount_total": "bigint", "training": "boolean", "occurred_at": "timestamptz",
         "recorded_at": "timestamptz"},
        unless_empty={"device_sequence", "staff_id", "origin", "price_list_id"}, older=OLDER,
    )
    + """ OR (e.data->>'total')::bigint - (e.data->>'rounding_adjustment')::bigint
    <> o.total - o.rounding_adjustment""",
    f"{_ORDERS} JOIN pos_order o ON e.stream = 'order:' || o.id::text",
    order=171,
)  # fmt: skip
declare(
    "orders were completed as announced",
    differing(
        "e.data", "o",
        {"rounding_adjustment": "bigint", "total": "bigint", "change_total": "bigint", "shift_id": "uuid",
         "business_date": "date", "receipt_id": "uuid", "receipt_series": "text", "receipt_number": "bigint",
         "completed_at": "timestamptz", "exchange_return_id": "uuid!"},
        {"receipt_series": "series"},
        unless_empty={"receipt_id", "receipt_series", "business_date"}, older=OLDER,
    ),
    f"{_COMPLETED} JOIN pos_order o ON e.stream = 'order:' || o.id::text",
    order=171,
)  # fmt: skip
declare(
    "orders were cancelled as announced",
    """o.status <> 'VOIDED' AND (o.voided_at IS NOT NULL OR o.voided_by IS NOT NULL OR o.void_reason <> '') OR """
    + differing(
        "e.data",
        "o",
        {"voided_at": "timestamptz", "staff_id": "uuid"},
        {"staff_id": "voided_by"},
        unless_empty={"staff_id", "voided_at"},
        older=OLDER,
    ),
    f"pos_order o LEFT JOIN {events('pos.order_voided')} ON e.stream = 'order:' || o.id::text",
    order=171,
)
declare(
    "sold lines = what was announced of them",
    "l.id IS NULL OR e.stream <> 'order:' || l.order_id OR "
    + differing(
        "j.line", "l",
        {"number": "bigint", "variant_id": "uuid!", "sku": "text", "description": "text", "category": "text",
         "price_source": "text", "quantity": "numeric", "list_price": "numeric", "unit_price": "numeric",
         "gross": "bigint", "tax_total": "bigint", "total": "bigint", "stocked": "boolean"},
        {"unit_price": "exact_unit_price"},
    )
    + f""" OR (j.line->>'discount_total')::bigint <> l.line_discount + l.order_discount_share
    OR l.price_source = 'LIST' AND l.price_list_id IS NULL AND NOT {OLDER} OR """
    + _discounts("j.line->'discounts'", "l.discounts", told_where="d.said->>'scope' = 'LINE'"),
    f"{_LINES} LEFT JOIN pos_orderline l ON l.id = (j.line->>'line_id')::uuid",
    order=172,
)  # fmt: skip
declare(
    "taxes of lines = what was announced of them",
    "t.line_id IS NULL OR "
    + differing(
        "x.tax", "t",
        {"code": "text", "name": "text", "rate": "numeric", "inclusive": "boolean", "base": "bigint",
         "amount": "bigint"},
    ),
    f"""{_LINES} CROSS JOIN LATERAL {elements("j.line->'taxes'")} AS x(tax, place)
        LEFT JOIN pos_orderlinetax t ON t.line_id = (j.line->>'line_id')::uuid AND t.number = x.place""",
    order=173,
)  # fmt: skip
declare(
    "settled tenders = what was announced of them",
    "t.id IS NULL OR t.state <> 'SETTLED' OR e.stream <> 'order:' || t.order_id OR "
    + differing(
        "j.tender", "t",
        {"reference": "text", "amount": "bigint", "change": "bigint", "rounding": "bigint", "kind": "text",
         "register_id": "uuid", "shift_id": "uuid", "staff_id": "uuid!"},
        unless_empty=LATER, older=OLDER,
    )
    + f" OR {_other_type('j.tender', 't')}",
    f"""{_TAKEN} CROSS JOIN LATERAL {elements("e.data->'tenders'")} AS j(tender, place)
        LEFT JOIN pos_tender t ON t.id = (j.tender->>'tender_id')::uuid
        WHERE j.tender->>'state' = 'SETTLED' AND (e.version >= 2 OR e.type = 'pos.tenders_added')""",
    order=174,
)  # fmt: skip
declare(
    "tenders were taken when it was announced",
    differing(
        "e.data", "t", {"occurred_at": "timestamptz", "recorded_at": "timestamptz", "business_date": "date"}
    ),
    f"""{events("pos.order_placed", "pos.tenders_added")}
        CROSS JOIN LATERAL {elements("e.data->'tenders'")} AS j(tender, place)
        JOIN pos_tender t ON t.id = (j.tender->>'tender_id')::uuid
        WHERE (t.recorded_at IS NOT NULL OR NOT {OLDER}) AND (e.version >= 2 OR e.type = 'pos.tenders_added')""",
    order=174,
)  # fmt: skip
declare(
    "refunds = what was announced of them",
    "r.id IS NULL OR "
    + differing(
        "j.refund", "r",
        {"amount": "bigint", "rounding": "bigint", "kind": "text", "register_id": "uuid", "shift_id": "uuid",
         "staff_id": "uuid!"},
        unless_empty=LATER, older=OLDER,
    )
    + f""" OR j.refund ? 'kind' AND ({_other_type("j.refund", "r")}
        OR (j.refund->>'tender_id')::uuid IS DISTINCT FROM CASE WHEN t.kind = 'EXCHANGE' THEN NULL ELSE r.tender_id END)
    OR j.refund->>'reference' <> r.reference AND (r.kind <> 'GATEWAY' OR r.reference IS DISTINCT FROM p.reference)
    OR CASE e.type WHEN 'pos.return_completed' THEN e.stream IS DISTINCT FROM 'return:' || r.parent_id
            OR r.order_id IS NOT NULL OR r.instead_of_id IS NOT NULL
        WHEN 'pos.order_voided' THEN e.stream IS DISTINCT FROM 'order:' || r.order_id OR r.parent_id IS NOT NULL
            OR r.instead_of_id IS NOT NULL
        ELSE r.instead_of_id IS DISTINCT FROM (e.data->>'refused_id')::uuid
            OR r.parent_id IS DISTINCT FROM (e.data->>'return_id')::uuid OR r.order_id IS DISTINCT FROM i.order_id END
    OR {unlike("r.business_date", "(e.data->>'business_date')::date", older=OLDER)}
    OR {unlike("r.occurred_at", _PAID_OUT, older=OLDER)} OR {unlike("r.recorded_at", _REFUND_RECORDED, older=OLDER)}
    """,
    f"""{_REFUNDED} CROSS JOIN LATERAL {elements("e.data->'refunds'")} AS j(refund, place)
        LEFT JOIN pos_refund r ON r.id = (j.refund->>'refund_id')::uuid LEFT JOIN pos_tender t ON t.id = r.tender_id
        LEFT JOIN pos_refund i ON i.id = r.instead_of_id LEFT JOIN payments_paymentrefund p ON p.id = r.id
        WHERE j.refund ? 'refund_id'""",
    order=175,
)  # fmt: skip
declare(
    "refunds ended as announced",
    """r.state <> CASE e.type WHEN 'payments.refund_failed' THEN 'FAILED' ELSE 'COMPLETED' END
    OR r.state <> 'FAILED' AND (r.failure <> '' OR r.refused_at IS NOT NULL)
    OR r.state = 'FAILED' AND r.failure <> left(e.data->>'reason', 200)
    OR r.refused_at <> (SELECT (f.data->>'occurred_at')::timestamptz FROM events_event f
        WHERE f.tenant_id = %(tenant)s AND f.type = 'pos.refund_refused' AND f.audience IS NULL
        AND f.data->'refund'->>'refund_id' = r.id::text)""",
    f"""{recorded("payments.payment_refunded", "payments.refund_failed", by="pos.note_refunds")}
        JOIN pos_refund r ON e.stream = 'refund:' || r.id::text""",
    order=175,
)
declare(
    "returns = what they announced",
    differing(
        "e.data", "b",
        {"order_id": "uuid!", "exchange_order_id": "uuid!", "register_id": "uuid", "device_id": "uuid!",
         "shift_id": "uuid", "staff_id": "uuid!", "approval_id": "uuid!", "business_date": "date", "receipt_id": "uuid",
         "receipt_series": "text", "number": "bigint", "currency": "text", "rounding_adjustment": "bigint",
         "tax_total": "bigint", "total": "bigint", "occurred_at": "timestamptz", "recorded_at": "timestamptz"},
        {"receipt_series": "series"},
        unless_empty={"device_id", "staff_id", "approval_id", "receipt_id", "receipt_series"}, older=OLDER,
    ),
    f"{_RETURNS} JOIN pos_return b ON e.stream = 'return:' || b.id::text",
    order=176,
)  # fmt: skip
declare(
    "lines of returns = what was announced of them",
    "l.id IS NULL OR e.stream <> 'return:' || l.parent_id OR l.stocked <> o.stocked OR "
    + differing(
        "j.line", "l",
        {"order_line_id": "uuid!", "variant_id": "uuid!", "sku": "text", "description": "text", "category": "text",
         "quantity": "numeric", "unit_price": "numeric", "tax_total": "bigint", "total": "bigint",
         "reason_code": "text"},
        unless_empty={"category", "unit_price", "reason_code"}, older=OLDER,
    )
    + f""" OR j.line->>'disposition' IN ('RESTOCK', 'NONE') AND l.restock <> (j.line->>'disposition' = 'RESTOCK')
    OR l.discounts IS NULL AND jsonb_typeof(j.line->'discounts') = 'array' AND NOT {OLDER}
    OR l.discounts IS NOT NULL AND {_discounts("j.line->'discounts'", "l.discounts")}
    OR (l.taxes IS NOT NULL OR NOT {OLDER}) AND {_taxes("j.line->'taxes'", "l.taxes")}""",
    f"""{_BACK} LEFT JOIN pos_returnline l ON l.id = (j.line->>'line_id')::uuid
        LEFT JOIN pos_orderline o ON o.id = l.order_line_id""",
    order=177,
)  # fmt: skip
declare(
    "shifts = what they announced",
    """s.state = 'OPEN' AND (s.closed_at IS NOT NULL OR s.closed_position IS NOT NULL)
    OR s.state = 'CLOSED' AND s.closed_at IS NULL OR CASE e.type WHEN 'pos.shift_opened' THEN """
    + differing("e.data", "s", {"register_id": "uuid", "staff_id": "uuid!", "business_date": "date"},
                {"staff_id": "opened_by"}, unless_empty={"staff_id"}, older=OLDER)
    + " ELSE "
    + differing(
        "e.data", "s",
        {"opened_by": "uuid!", "closed_at": "timestamptz", "closed_by": "uuid!", "register_id": "uuid",
         "position": "bigint", "receipt_id": "uuid", "grand_total": "bigint"},
        {"register_id": "closed_on_id", "position": "closed_position"},
        unless_empty={"opened_by", "closed_by", "register_id"}, older=OLDER,
    )
    + " END OR "
    + differing(
        "e.data", "s",
        {"drawer_id": "uuid", "number": "bigint", "float_amount": "bigint", "opened_at": "timestamptz"},
    ),
    f"""{events("pos.shift_opened", "pos.shift_closed", version=1)}
        JOIN pos_shift s ON e.stream = 'shift:' || s.id::text""",
    order=178,
)  # fmt: skip
declare(
    "returned of lines = lines of returns",
    """l.returned_quantity <> coalesce(back.quantity, 0) OR l.returned_total <> coalesce(back.total, 0)
    OR l.returned_tax <> coalesce(back.tax_total, 0)""",
    """pos_orderline l LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity, sum(total) AS total,
       sum(tax_total) AS tax_total FROM pos_returnline GROUP BY order_line_id) back ON back.order_line_id = l.id""",
    order=81,
)
