"""What must be true of orders, tenders, returns and their numbers, and of the events that announced them."""

from kernel.invariants import declare
from pos.invariants import announced as announced
from pos.invariants import cash as cash
from pos.invariants import exceptions as exceptions
from pos.invariants import parking as parking
from pos.invariants import people as people
from pos.invariants import prices as prices
from pos.invariants import receipts as receipts
from pos.invariants import reports as reports

TAXED = """(SELECT t.*, o.rounding_level, l.order_id, l.tax_inclusive, l.total, l.total - l.tax_total AS net,
    coalesce(sum(t.amount) OVER (PARTITION BY t.line_id ORDER BY t.number ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW),
        0) AS below, row_number() OVER (PARTITION BY t.line_id ORDER BY t.number) AS place,
    count(*) OVER (PARTITION BY t.line_id) AS taxes,
    CASE WHEN NOT t.inclusive THEN t.base * t.rate
        WHEN count(*) OVER (PARTITION BY t.line_id) = 1 THEN l.total * t.rate / (1 + t.rate) END AS exact
    FROM pos_orderlinetax t JOIN pos_orderline l ON l.id = t.line_id JOIN pos_order o ON o.id = l.order_id)"""
"""Taxes with what they come to before they are rounded; null for one of several that a price contains."""

declare(
    "line totals = quantity x price - discounts, with tax",
    """gross <> round(quantity * exact_unit_price) OR unit_price <> round(exact_unit_price)
    OR total <> gross - line_discount - order_discount_share + CASE WHEN tax_inclusive THEN 0 ELSE tax_total END""",
    "pos_orderline",
    order=10,
)
declare(
    "taxes = rate x base",
    """place <> number OR inclusive <> tax_inclusive OR base NOT IN (net, net + below)
    OR CASE WHEN exact IS NULL THEN abs(amount - base * rate)
            > CASE WHEN rounding_level = 'LINE' AND net <> 0 THEN 0.5 ELSE 1 END * (1 + taxes * rate)
        WHEN rounding_level = 'LINE' THEN amount <> round(exact) ELSE abs(amount - exact) >= 1 END""",
    f"{TAXED} t",
    order=11,
)
QUOTIENTS = "0.000001"
"""What a sum of quotients may be off by: each is cut off after some twenty decimals."""
declare(
    "taxes rounded once for the order",
    f"abs(amount - exact) > 0.5 * places + {QUOTIENTS}",
    f"""(SELECT sum(amount) AS amount, CASE WHEN bool_and(exact IS NOT NULL) THEN sum(exact) END AS exact,
        count(DISTINCT number) AS places FROM {TAXED} t WHERE rounding_level = 'ORDER'
        GROUP BY order_id, code, name, rate, inclusive) t""",
    order=12,
)
declare(
    "line taxes = taxes of lines",
    "coalesce(t.amount, 0) <> l.tax_total",
    """pos_orderline l LEFT JOIN (SELECT line_id, sum(amount) AS amount FROM pos_orderlinetax GROUP BY line_id) t
       ON t.line_id = l.id""",
    order=13,
)
declare(
    "tax of a line = its taxes",
    """t.named IS NOT NULL AND (l.tax_name <> left(t.named, 100) OR l.tax_rate < t.beside - 0.000001
    OR l.tax_rate > t.on_top + 0.000001 OR t.taxes = 1 AND l.tax_rate <> t.beside)""",
    """pos_orderline l LEFT JOIN (SELECT line_id, string_agg(name, ' + ' ORDER BY number) AS named, count(*) AS taxes,
       sum(rate) AS beside, exp(sum(ln(1 + rate))) - 1 AS on_top FROM pos_orderlinetax GROUP BY line_id) t
       ON t.line_id = l.id""",
    order=18,
)
declare(
    "order totals = lines",
    """o.total <> l.total + o.rounding_adjustment OR o.tax_total <> l.tax_total OR o.subtotal <> l.total - l.tax_total
    OR o.discount_total <> l.discounts
    OR o.status <> 'COMPLETED' AND (o.change_total <> 0 OR o.completed_at IS NOT NULL)""",
    """pos_order o JOIN (SELECT order_id, sum(total) AS total, sum(tax_total) AS tax_total,
       sum(line_discount + order_discount_share) AS discounts FROM pos_orderline GROUP BY order_id) l
       ON l.order_id = o.id""",
    order=20,
)
declare(
    "discounts = what they took off",
    """l.line_discount <> (SELECT coalesce(sum((d->>'amount')::bigint), 0) FROM jsonb_array_elements(l.discounts) d)""",
    "pos_orderline l",
    order=21,
)
declare(
    "order discounts = shares of lines",
    """l.shares <> (SELECT coalesce(sum((d->>'amount')::bigint), 0) FROM jsonb_array_elements(o.discounts) d)""",
    """pos_order o JOIN (SELECT order_id, sum(order_discount_share) AS shares FROM pos_orderline GROUP BY order_id) l
       ON l.order_id = o.id""",
    order=22,
)
declare(
    "percents of order discounts = their amounts",
    "d.percent IS NOT NULL AND d.amount <> round((l.left_by_lines - d.before) * d.percent / 100)",
    """(SELECT o.id, (d.kept->>'percent')::numeric AS percent, (d.kept->>'amount')::bigint AS amount,
        coalesce(sum((d.kept->>'amount')::bigint) OVER (PARTITION BY o.id ORDER BY d.place
            ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW), 0) AS before
        FROM pos_order o CROSS JOIN jsonb_array_elements(o.discounts) WITH ORDINALITY AS d(kept, place)) d
       JOIN (SELECT order_id, sum(gross - line_discount) AS left_by_lines FROM pos_orderline GROUP BY order_id) l
       ON l.order_id = d.id""",
    order=22,
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
    "tenders are numbered without a gap, and only a failed one has a reason",
    "t.number <> t.place OR t.state <> 'FAILED' AND t.failure <> ''",
    "(SELECT t.*, row_number() OVER (PARTITION BY order_id ORDER BY number) AS place FROM pos_tender t) t",
    order=41,
)
declare(
    "orders, tenders and returns are in the currency of their register",
    "m.currency <> l.currency",
    """(SELECT o.register_id, o.currency FROM pos_order o
        UNION ALL SELECT t.register_id, o.currency FROM pos_tender t JOIN pos_order o ON o.id = t.order_id
        UNION ALL SELECT b.register_id, b.currency FROM pos_return b
        UNION ALL SELECT o.register_id, b.currency FROM pos_return b JOIN pos_order o ON o.id = b.order_id) m
       JOIN pos_register r ON r.id = m.register_id JOIN pos_location l ON l.id = r.location_id""",
    order=45,
)
BACK = """(SELECT counted, sum(amount) AS amount FROM (
        SELECT r.amount, CASE WHEN t.order_id = coalesce(r.order_id, b.order_id) THEN t.id ELSE (SELECT x.id FROM
            pos_tender x WHERE x.order_id = coalesce(r.order_id, b.order_id) AND x.kind = 'EXCHANGE') END AS counted
        FROM pos_refund r JOIN pos_tender t ON t.id = r.tender_id LEFT JOIN pos_return b ON b.id = r.parent_id
        WHERE r.state <> 'FAILED') r GROUP BY counted)"""
"""What went back of each tender: of exchanged goods, also what went to the card of an order before."""
declare(
    "refunds <= paid, of each tender",
    "coalesce(r.amount, 0) > t.amount - t.change",
    f"pos_tender t LEFT JOIN {BACK} r ON r.counted = t.id",
    order=50,
)
declare(
    "refunded = refunds that were not refused, of each tender",
    "t.id IS NULL OR t.refunded <> coalesce(r.amount, 0)",
    f"pos_tender t FULL JOIN {BACK} r ON r.counted = t.id",
    order=52,
)
declare(
    "refunds to the cards of orders before <= what exchanges spent of them",
    "r.back > 0 AND (r.kind <> 'GATEWAY' OR r.back > r.spent)",
    """(SELECT t.id, t.kind, coalesce(sum(r.amount) FILTER (WHERE r.kind = 'EXCHANGE'), 0) AS spent,
        sum(r.amount) FILTER (WHERE t.order_id <> coalesce(r.order_id, b.order_id)) AS back
        FROM pos_refund r JOIN pos_tender t ON t.id = r.tender_id LEFT JOIN pos_return b ON b.id = r.parent_id
        WHERE r.state <> 'FAILED' GROUP BY t.id) r""",
    order=53,
)
declare(
    "refunds = returns",
    "coalesce(paid.out, 0) <> r.total",
    """pos_return r LEFT JOIN (SELECT parent_id, sum(amount) AS out FROM pos_refund WHERE instead_of_id IS NULL
       GROUP BY parent_id) paid ON paid.parent_id = r.id""",
    order=70,
)
_LESS_THAN_A_COIN = """(refunded = 0 AND 2 * (amount - change - rounding)
    <= (SELECT coalesce(max(y.rounding_step), 1) FROM pos_tendertype y WHERE y.kind = 'CASH')
    AND NOT EXISTS (SELECT 1 FROM pos_refund f WHERE f.order_id = pos_tender.order_id AND f.state = 'FAILED'))"""
"""Of a tender: it was worth so little that no coin could give it back."""
declare(
    "cancelled orders gave back what tills had taken",
    "coalesce(taken.money, 0) <> coalesce(back.money, 0)",
    f"""pos_order o
       LEFT JOIN (SELECT order_id, sum(amount - change - rounding) AS money FROM pos_tender WHERE state = 'SETTLED'
           AND coalesce(nullif(kind, ''), (SELECT y.kind FROM pos_tendertype y WHERE y.id = type_id)) <> 'GATEWAY'
           AND NOT {_LESS_THAN_A_COIN} GROUP BY order_id) taken ON taken.order_id = o.id
       LEFT JOIN (SELECT r.order_id, sum(r.amount - r.rounding) AS money FROM pos_refund r
           LEFT JOIN pos_tender t ON t.id = r.tender_id WHERE r.instead_of_id IS NULL
           AND (r.kind <> 'GATEWAY' OR t.order_id <> r.order_id) GROUP BY r.order_id) back ON back.order_id = o.id
       WHERE o.status = 'VOIDED' AND NOT o.training""",
    order=72,
)
declare(
    "paid in place of refused refunds <= refused",
    "r.state <> 'FAILED' OR r.instead_of_id IS NOT NULL OR r.amount < coalesce(i.paid, 0)",
    """(SELECT instead_of_id AS id, sum(amount - rounding) FILTER (WHERE state <> 'FAILED') AS paid FROM pos_refund
       WHERE instead_of_id IS NOT NULL GROUP BY instead_of_id) i JOIN pos_refund r ON r.id = i.id""",
    order=74,
)
declare(
    "returned <= sold, of each line",
    "back.quantity > l.quantity OR back.total > l.total",
    """pos_orderline l JOIN (SELECT order_line_id, sum(quantity) AS quantity, sum(total) AS total
       FROM pos_returnline GROUP BY order_line_id) back ON back.order_line_id = l.id""",
    order=80,
)
declare(
    "return totals = lines",
    "r.total <> l.total + r.rounding_adjustment OR r.tax_total <> l.tax_total",
    """pos_return r JOIN (SELECT parent_id, sum(total) AS total, sum(tax_total) AS tax_total FROM pos_returnline
       GROUP BY parent_id) l ON l.parent_id = r.id""",
    order=82,
)
declare(
    "returns <= paid, of each order",
    "back.total > o.total",
    """pos_order o JOIN (SELECT order_id, sum(total) AS total FROM pos_return GROUP BY order_id) back
       ON back.order_id = o.id""",
    order=83,
)
declare(
    "taxes of returns = their lines",
    "taxes IS NULL AND order_line_id IS NOT NULL OR (SELECT coalesce(sum((tax->>'amount')::bigint), r.tax_total)"
    " FROM jsonb_array_elements(taxes) tax) <> tax_total",
    "pos_returnline r",
    order=84,
)
declare(
    "returned taxes <= charged, of each line and tax",
    "back.amount > coalesce(sold.amount, 0)",
    """(SELECT order_line_id, tax->>'code' AS code, sum((tax->>'amount')::bigint) AS amount
       FROM pos_returnline, jsonb_array_elements(taxes) tax WHERE order_line_id IS NOT NULL GROUP BY 1, 2) back
       LEFT JOIN (SELECT line_id, code, sum(amount) AS amount FROM pos_orderlinetax GROUP BY 1, 2) sold
       ON sold.line_id = back.order_line_id AND sold.code = back.code""",
    order=85,
)
declare(
    "receipt numbers gapless",
    "n.lowest IS DISTINCT FROM 1 OR n.highest <> n.count OR r.next_receipt_number <> n.count + 1",
    """pos_register r JOIN (SELECT register_id, min(receipt_number) AS lowest, max(receipt_number) AS highest,
       count(receipt_number) AS count FROM pos_order WHERE receipt_number IS NOT NULL AND NOT training
       GROUP BY register_id) n
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
    """(SELECT * FROM pos_order WHERE status = 'COMPLETED' AND NOT training) o FULL JOIN (
       SELECT stream, count(*) AS events FROM events_event WHERE tenant_id = %(tenant)s AND type = 'pos.order_completed'
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
