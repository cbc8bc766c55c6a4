"""What must be true of orders, tenders, returns and their numbers, and of the events that announced them."""

from kernel.invariants import declare

TAX = """CASE WHEN tax_inclusive THEN round(round(quantity * unit_price) * tax_rate / (1 + tax_rate))
    ELSE round(round(quantity * unit_price) * tax_rate) END"""

declare(
    "line totals = quantity x price with tax",
    f"tax_total <> {TAX} OR total <> round(quantity * unit_price) + CASE WHEN tax_inclusive THEN 0 ELSE {TAX} END",
    "pos_orderline",
    order=10,
)
declare(
    "order totals = lines",
    "o.total <> l.total OR o.tax_total <> l.tax_total",
    """pos_order o JOIN (SELECT order_id, sum(total) AS total, sum(tax_total) AS tax_total FROM pos_orderline
       GROUP BY order_id) l ON l.order_id = o.id""",
    order=20,
)
declare(
    "orders have lines",
    "NOT EXISTS (SELECT 1 FROM pos_orderline l WHERE l.order_id = o.id)",
    "pos_order o",
    order=30,
)
declare(
    "tenders - change = total",
    "coalesce((SELECT sum(amount - change) FROM pos_tender t WHERE t.order_id = o.id AND t.state = 'SETTLED'), 0)"
    " <> o.total",
    "pos_order o WHERE status = 'COMPLETED'",
    order=40,
)
declare(
    "refunds <= paid, of each tender",
    "coalesce((SELECT sum(r.amount) FROM pos_refund r WHERE r.tender_id = t.id), 0) > t.amount - t.change",
    "pos_tender t",
    order=50,
)
declare(
    "refunds = returns",
    "coalesce(paid.out, 0) <> r.total",
    """pos_return r LEFT JOIN (SELECT parent_id, sum(amount) AS out FROM pos_refund GROUP BY parent_id) paid
       ON paid.parent_id = r.id""",
    order=70,
)
declare(
    "returned <= sold, of each line",
    "back.quantity > l.quantity OR back.total > l.total",
    """pos_orderline l JOIN (SELECT order_line_id, sum(quantity) AS quantity, sum(total) AS total
       FROM pos_returnline GROUP BY order_line_id) back ON back.order_line_id = l.id""",
    order=80,
)
declare(
    "receipt numbers gapless",
    "n.lowest IS DISTINCT FROM 1 OR n.highest <> n.count OR r.next_receipt_number <> n.count + 1",
    """pos_register r JOIN (SELECT register_id, min(receipt_number) AS lowest, max(receipt_number) AS highest,
       count(receipt_number) AS count FROM pos_order WHERE receipt_number IS NOT NULL GROUP BY register_id) n
       ON n.register_id = r.id""",
    order=90,
)
declare(
    "return numbers gapless",
    "n.lowest <> 1 OR n.highest <> n.count OR r.next_return_number <> n.count + 1",
    """pos_register r JOIN (SELECT register_id, min(number) AS lowest, max(number) AS highest, count(*) AS count
       FROM pos_return GROUP BY register_id) n ON n.register_id = r.id""",
    order=100,
)
declare(
    "completed orders = their events",
    "o.id IS NULL OR e.events <> 1",
    """(SELECT * FROM pos_order WHERE status = 'COMPLETED') o FULL JOIN (SELECT stream, count(*) AS events
       FROM events_event WHERE tenant_id = %(tenant)s AND type = 'pos.order_completed'
       AND audience IS NULL GROUP BY stream) e ON e.stream = 'order:' || o.id::text""",
    order=170,
)
declare(
    "returns = their events",
    "r.id IS NULL OR e.events IS DISTINCT FROM 1",
    """pos_return r FULL JOIN (SELECT stream, count(*) AS events FROM events_event
       WHERE tenant_id = %(tenant)s AND type = 'pos.return_completed' AND audience IS NULL GROUP BY stream) e
       ON e.stream = 'return:' || r.id::text""",
    order=180,
)
