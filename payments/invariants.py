"""What must be true of payments, cards and refunds."""

from kernel.invariants import declare

declare(
    "refunds <= paid, of each payment",
    "coalesce((SELECT sum(r.amount) FROM payments_paymentrefund r WHERE r.payment_id = p.id), 0) > p.amount",
    "payments_payment p",
    order=60,
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
       AND p.subscriber = 'payments.record_payments' WHERE t.state = 'SETTLED'""",
    order=150,
)
