"""What must be true of payments, cards and refunds."""

from kernel.invariants import declare

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
