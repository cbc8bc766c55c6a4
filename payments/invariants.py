"""What must be true of payments, cards and refunds."""

from kernel.announcements import differing, events, unlike, written_before
from kernel.invariants import declare

OLDER = written_before("payments", "0007_locations")
"""Rows of older code lack columns; the last of these came with this migration."""
LATER = {"kind", "tender_id", "location_id", "register_id", "shift_id", "staff_id"}
"""What rows of older code do not have."""
_REFUNDED = events("payments.payment_refunded", "payments.refund_failed")

declare(
    "refunds <= paid, of each payment",
    "coalesce((SELECT sum(r.amount) FROM payments_paymentrefund r"
    " WHERE r.payment_id = p.id AND r.state <> 'FAILED'), 0) > p.amount",
    "payments_payment p",
    order=60,
)
declare(
    "refunded = refunds that were not refused, of each payment",
    "p.refunded <> coalesce((SELECT sum(r.amount) FROM payments_paymentrefund r"
    " WHERE r.payment_id = p.id AND r.state <> 'FAILED'), 0)",
    "payments_payment p",
    order=62,
)
declare(
    "payments and refunds are in the currency of their order",
    "m.currency <> m.expected",
    """(SELECT p.currency, o.currency AS expected FROM payments_payment p JOIN pos_order o ON o.id = p.order_id
        UNION ALL SELECT i.currency, o.currency FROM payments_paymentintent i JOIN pos_order o ON o.id = i.order_id
        UNION ALL SELECT r.currency, b.currency FROM payments_paymentrefund r JOIN pos_return b ON b.id = r.return_id
        UNION ALL SELECT r.currency, o.currency FROM payments_paymentrefund r JOIN pos_order o ON o.id = r.order_id
        UNION ALL SELECT r.currency, p.currency FROM payments_paymentrefund r
        JOIN payments_payment p ON p.id = r.payment_id) m""",
    order=65,
)
declare(
    "captured cards = the gateway's books",
    "i.state = 'CAPTURED' AND NOT coalesce(g.approved AND g.amount = i.amount, false)"
    " OR i.state IN ('FAILED', 'CANCELLED') AND coalesce(g.approved, false)",
    "payments_paymentintent i LEFT JOIN payments_simulatedcharge g ON g.key = i.id",
    order=120,
)
declare(
    "tenders became payments once",
    "(SELECT count(*) FROM payments_payment y WHERE y.tender_id = t.id AND y.amount = t.amount - t.change) <> 1",
    """pos_tender t JOIN events_event e ON e.tenant_id = %(tenant)s AND e.type = 'pos.order_completed'
       AND e.stream = 'order:' || t.order_id::text
       JOIN events_processedevent p ON p.tenant_id = e.tenant_id AND p.position = e.position
       AND p.subscriber = 'payments.record_payments' WHERE t.state = 'SETTLED' AND t.kind <> 'EXCHANGE'""",
    order=150,
)
declare(
    "money taken for an order that is not paid yet is in the books",
    "y.id IS NULL",
    """(SELECT (tender ->> 'tender_id')::uuid AS id,
        (tender ->> 'amount')::bigint - (tender ->> 'change')::bigint AS paid
        FROM events_event e JOIN events_processedevent p ON p.tenant_id = e.tenant_id AND p.position = e.position
        AND p.subscriber = 'payments.record_payments' CROSS JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(e.data -> 'tenders') WHEN 'array' THEN e.data -> 'tenders' ELSE '[]' END) AS tender
        WHERE e.tenant_id = %(tenant)s AND (e.data ->> 'due')::bigint > 0
        AND e.type IN ('pos.order_placed', 'pos.tenders_added')
        AND tender ->> 'state' = 'SETTLED' AND NOT (tender ->> 'charged_here')::boolean
        AND tender ->> 'kind' <> 'EXCHANGE') taken
       LEFT JOIN payments_payment y ON y.tender_id = taken.id AND y.amount = taken.paid""",
    order=155,
)
declare(
    "payments = what they announced",
    "p.id IS NULL OR "
    + differing(
        "e.data", "p",
        {"order_id": "uuid", "tender_id": "uuid", "tender_type": "text", "amount": "bigint", "currency": "text",
         "reference": "text", "location_id": "uuid", "register_id": "uuid", "shift_id": "uuid",
         "staff_id": "uuid!", "occurred_at": "timestamptz"},
        unless_empty=LATER, older=OLDER,
    )
    + f""" OR p.kind <> '' AND p.kind <> e.data->>'kind'
    OR {unlike("p.business_date", "t.business_date", older=OLDER)}
    OR t.order_id <> p.order_id OR (p.intent_id IS NOT NULL) <> (e.data->>'charged_here')::boolean
    OR p.intent_id IS NOT NULL AND i.tender_id IS DISTINCT FROM p.tender_id""",
    f"""{events("payments.payment_completed")} LEFT JOIN payments_payment p ON e.stream = 'payment:' || p.id::text
        LEFT JOIN payments_paymentintent i ON i.id = p.intent_id LEFT JOIN pos_tender t ON t.id = p.tender_id""",
    order=156,
)  # fmt: skip
declare(
    "money that payments gave back = what was announced of it",
    "r.id IS NULL OR r.state <> CASE e.type WHEN 'payments.refund_failed' THEN 'FAILED' ELSE 'COMPLETED' END OR "
    + differing(
        "e.data", "r",
        {"payment_id": "uuid!", "return_id": "uuid!", "tender_id": "uuid!", "tender_type": "text", "kind": "text",
         "amount": "bigint", "currency": "text", "reference": "text", "location_id": "uuid", "register_id": "uuid",
         "shift_id": "uuid", "staff_id": "uuid!"},
        unless_empty=LATER, older=OLDER,
    )
    + f""" OR r.kind <> '' AND b.kind <> '' AND b.kind <> r.kind OR r.failure <> coalesce(e.data->>'reason', '')
    OR {unlike("r.business_date", "b.business_date", older=OLDER)}
    OR b.id IS NOT NULL AND {unlike("r.order_id", "coalesce(b.order_id, c.order_id)", older=OLDER)}""",
    f"""{_REFUNDED} LEFT JOIN payments_paymentrefund r ON e.stream = 'refund:' || r.id::text
        LEFT JOIN pos_refund b ON b.id = r.id LEFT JOIN pos_return c ON c.id = b.parent_id""",
    order=157,
)  # fmt: skip
