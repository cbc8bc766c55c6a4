"""What must be true of a shop, recomputed from the tables with SQL of its own.

Nothing here is shared with the services. Each statement returns how many things were looked at, and how many of them
break the invariant.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Invariant:
    name: str
    statement: str


def _of(name: str, broken: str, source: str) -> Invariant:
    return Invariant(name=name, statement=f"SELECT count(*), count(*) FILTER (WHERE {broken}) FROM {source}")


TAX = """CASE WHEN tax_inclusive THEN round(round(quantity * unit_price) * tax_rate / (1 + tax_rate))
    ELSE round(round(quantity * unit_price) * tax_rate) END"""

COMMERCE = [
    _of(
        "line totals = quantity x price with tax",
        f"tax_total <> {TAX} OR total <> round(quantity * unit_price) + CASE WHEN tax_inclusive THEN 0 ELSE {TAX} END",
        "pos_orderline",
    ),
    _of(
        "order totals = lines",
        "o.total <> l.total OR o.tax_total <> l.tax_total",
        """pos_order o JOIN (SELECT order_id, sum(total) AS total, sum(tax_total) AS tax_total FROM pos_orderline
           GROUP BY order_id) l ON l.order_id = o.id""",
    ),
    _of(
        "orders have lines",
        "NOT EXISTS (SELECT 1 FROM pos_orderline l WHERE l.order_id = o.id)",
        "pos_order o",
    ),
    _of(
        "tenders - change = total",
        "coalesce((SELECT sum(amount - change) FROM pos_tender t WHERE t.order_id = o.id AND t.state = 'SETTLED'), 0)"
        " <> o.total",
        "pos_order o WHERE status = 'COMPLETED'",
    ),
    _of(
        "refunds <= paid, of each tender",
        "coalesce((SELECT sum(r.amount) FROM pos_refund r WHERE r.tender_id = t.id), 0) > t.amount - t.change",
        "pos_tender t",
    ),
    _of(
        "refunds <= paid, of each payment",
        "coalesce((SELECT sum(r.amount) FROM payments_paymentrefund r WHERE r.payment_id = p.id), 0) > p.amount",
        "payments_payment p",
    ),
    _of(
        "refunds = returns",
        "coalesce(paid.out, 0) <> r.total",
        """pos_return r LEFT JOIN (SELECT parent_id, sum(amount) AS out FROM pos_refund GROUP BY parent_id) paid
           ON paid.parent_id = r.id""",
    ),
    _of(
        "returned <= sold, of each line",
        "back.quantity > l.quantity OR back.total > l.total",
        """pos_orderline l JOIN (SELECT order_line_id, sum(quantity) AS quantity, sum(total) AS total
           FROM pos_returnline GROUP BY order_line_id) back ON back.order_line_id = l.id""",
    ),
    _of(
        "receipt numbers gapless",
        "n.lowest IS DISTINCT FROM 1 OR n.highest <> n.count OR r.next_receipt_number <> n.count + 1",
        """pos_register r JOIN (SELECT register_id, min(receipt_number) AS lowest, max(receipt_number) AS highest,
           count(receipt_number) AS count FROM pos_order WHERE receipt_number IS NOT NULL GROUP BY register_id) n
           ON n.register_id = r.id""",
    ),
    _of(
        "return numbers gapless",
        "n.lowest <> 1 OR n.highest <> n.count OR r.next_return_number <> n.count + 1",
        """pos_register r JOIN (SELECT register_id, min(number) AS lowest, max(number) AS highest, count(*) AS count
           FROM pos_return GROUP BY register_id) n ON n.register_id = r.id""",
    ),
    _of(
        "on hand = sum of the ledger",
        "i.on_hand <> coalesce((SELECT sum(m.quantity) FROM inventory_stockmovement m WHERE m.item_id = i.id), 0)",
        "inventory_stockitem i",
    ),
    _of(
        "captured cards = the gateway's books",
        "i.state = 'CAPTURED' AND NOT coalesce(g.approved AND g.amount = i.amount, false)"
        " OR i.state IN ('FAILED', 'CANCELLED') AND coalesce(g.approved, false)",
        "payments_paymentintent i LEFT JOIN payments_simulatedcharge g ON g.key = i.id",
    ),
]

# What the subscribers must have made of the events that they have applied.
EFFECTS = [
    _of(
        "sold goods left the stock once",
        "(SELECT count(*) FROM inventory_stockmovement m WHERE m.source_type = 'order' AND m.source_id = l.order_id"
        " AND m.source_line = l.id AND m.quantity = -l.quantity) <> 1",
        """pos_orderline l JOIN events_event e ON e.tenant_id = %(tenant)s AND e.type = 'pos.order_completed'
           AND e.stream = 'order:' || l.order_id::text
           JOIN events_processedevent p ON p.tenant_id = e.tenant_id AND p.position = e.position
           AND p.subscriber = 'inventory.take_sold_goods_from_stock' WHERE l.stocked""",
    ),
    _of(
        "movements have their cause",
        "NOT EXISTS (SELECT 1 FROM pos_orderline l WHERE l.id = m.source_line AND l.order_id = m.source_id)",
        "inventory_stockmovement m WHERE kind = 'ORDER'",
    ),
    _of(
        "tenders became payments once",
        "(SELECT count(*) FROM payments_payment y WHERE y.tender_id = t.id AND y.amount = t.amount - t.change) <> 1",
        """pos_tender t JOIN events_event e ON e.tenant_id = %(tenant)s AND e.type = 'pos.order_completed'
           AND e.stream = 'order:' || t.order_id::text
           JOIN events_processedevent p ON p.tenant_id = e.tenant_id AND p.position = e.position
           AND p.subscriber = 'payments.record_payments' WHERE t.state = 'SETTLED'""",
    ),
    _of(
        "mails were queued once for each event",
        "messages > 1",
        """(SELECT event_id, recipient, count(*) AS messages FROM notifications_message GROUP BY event_id, recipient)
           AS queued""",
    ),
]

# An edited copy is for one subscriber, whatever it is called now.
_HEARD = (
    "coalesce((SELECT r.after FROM events_renamed r WHERE r.before = e.audience AND r.after = b.subscriber),"
    " e.audience, b.subscriber) = b.subscriber"
)

EVENTS = [
    _of(
        "completed orders = their events",
        "o.id IS NULL OR e.events <> 1",
        """(SELECT * FROM pos_order WHERE status = 'COMPLETED') o FULL JOIN (SELECT stream, count(*) AS events
           FROM events_event WHERE tenant_id = %(tenant)s AND type = 'pos.order_completed'
           AND audience IS NULL GROUP BY stream) e ON e.stream = 'order:' || o.id::text""",
    ),
    _of(
        "returns = their events",
        "r.id IS NULL OR e.events IS DISTINCT FROM 1",
        """pos_return r FULL JOIN (SELECT stream, count(*) AS events FROM events_event
           WHERE tenant_id = %(tenant)s AND type = 'pos.return_completed' AND audience IS NULL GROUP BY stream) e
           ON e.stream = 'return:' || r.id::text""",
    ),
    _of(
        "positions gapless",
        "position <> expected",
        """(SELECT position, row_number() OVER (ORDER BY position) AS expected FROM events_event
           WHERE tenant_id = %(tenant)s) AS numbered""",
    ),
    _of(
        "stream versions gapless",
        "stream_version <> expected",
        """(SELECT stream_version, row_number() OVER (PARTITION BY stream ORDER BY position) AS expected
           FROM events_event WHERE tenant_id = %(tenant)s) AS numbered""",
    ),
    _of(
        "every (event, subscriber) accounted once",
        "e.position <= s.cursor AND"
        " (SELECT count(*) FROM events_processedevent d WHERE d.tenant_id = e.tenant_id AND d.subscriber = s.subscriber"
        " AND d.position = e.position)"
        " + (SELECT count(*) FROM events_parkedevent p WHERE p.tenant_id = e.tenant_id AND p.subscriber = s.subscriber"
        " AND p.position = e.position) <> 1",
        """events_subscription s JOIN events_binding b ON b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
           JOIN events_event e ON e.tenant_id = s.tenant_id AND e.type = b.type AND e.position > b.since
           AND (b.until IS NULL OR e.position <= b.until) AND """
        f"{_HEARD} WHERE s.tenant_id = %(tenant)s",
    ),
    _of(
        "an event is bound at most once to a subscriber",
        "other.since IS NOT NULL",
        """events_binding b LEFT JOIN events_binding other ON other.tenant_id = b.tenant_id
           AND other.subscriber = b.subscriber AND other.type = b.type AND other.since > b.since
           AND (b.until IS NULL OR other.since < b.until) WHERE b.tenant_id = %(tenant)s""",
    ),
    _of(
        "bindings begin within the log",
        "b.since > greatest((SELECT max(position) FROM events_event WHERE tenant_id = %(tenant)s),"
        " (SELECT position FROM events_floor WHERE tenant_id = %(tenant)s), 0)",
        "events_binding b WHERE b.tenant_id = %(tenant)s",
    ),
    _of(
        "nothing of another tenant",
        "tenant_id <> %(tenant)s OR position > (SELECT max(position) FROM events_event WHERE tenant_id = %(tenant)s)",
        """(SELECT tenant_id, position FROM events_event UNION ALL SELECT tenant_id, position FROM events_processedevent
           UNION ALL SELECT tenant_id, position FROM events_parkedevent) AS seen""",
    ),
]

ALL = [*COMMERCE, *EFFECTS, *EVENTS]

PENDING = f"""
SELECT count(*) FILTER (WHERE e.position > s.cursor),
    (SELECT count(*) FROM events_parkedevent WHERE state <> 'DISCARDED' AND tenant_id = %(tenant)s)
FROM events_subscription s JOIN events_binding b ON b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber
    JOIN events_event e ON e.tenant_id = s.tenant_id AND e.type = b.type AND e.position > b.since
    AND (b.until IS NULL OR e.position <= b.until) AND {_HEARD}
WHERE s.tenant_id = %(tenant)s
"""
