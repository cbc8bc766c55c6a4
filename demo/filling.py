"""The rows of a large shop, written by SQL: a catalogue with stock, and orders with all rows that they cause.

Every row satisfies the constraints; ids are UUIDv7, in the order of the rows. Nothing is published. Half of the stock
and of the sales are at the first location, the others at nine more.
"""

from typing import Any

CATALOGUE = """
INSERT INTO pos_product (id, name, kind, tax_rate_id, tax_class_id, created_at)
SELECT uuidv7(make_interval(secs => n - %(variants)s)),
    (ARRAY['Blue', 'Green', 'Red', 'Small', 'Large', 'Organic', 'Round', 'Square', 'Light', 'Heavy'])[1 + n %% 10]
    || ' '
    || (ARRAY['Mug', 'Plate', 'Bowl', 'Shirt', 'Scarf', 'Lamp', 'Chair', 'Candle', 'Towel', 'Kettle'])[1 + n / 10 %% 10]
    || ' ' || n, 'STOCKED', (SELECT id FROM pos_taxrate WHERE name = 'Zero'),
    (SELECT id FROM pos_taxclass WHERE name = 'Zero'), now()
FROM generate_series(1, %(variants)s) AS n;

INSERT INTO pos_variant (id, product_id, sku, name, price, active, updated_at)
SELECT uuidv7(make_interval(secs => n - %(variants)s)), id, 'SKU-' || lpad(n::text, 7, '0'), '', 1000,
    n %% 20 > 0, now()
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM pos_product) AS product ORDER BY n;

INSERT INTO pos_barcode (id, variant_id, code)
SELECT uuidv7(), id, '40' || lpad(right(sku, 7), 11, '0') FROM pos_variant ORDER BY id;

INSERT INTO pos_location (id, code, name, currency, timezone)
SELECT uuidv7(), 'L' || n, 'Location ' || n, 'EUR', 'UTC' FROM generate_series(1, 9) AS n;

CREATE TEMPORARY TABLE place AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM pos_location;
CREATE TEMPORARY TABLE goods AS
SELECT v.id AS variant_id, v.sku, v.number, uuidv7() AS item_id, place.id AS location_id
FROM (SELECT id, sku, row_number() OVER (ORDER BY id) AS number FROM pos_variant) AS v
JOIN place ON place.number = greatest(0, v.number %% 18 - 8);

INSERT INTO inventory_stockitem (id, variant_id, location_id, sku, title, on_hand, reorder_point, updated_at)
SELECT item_id, variant_id, location_id, sku, sku, 100, 0, now() FROM goods ORDER BY number;
INSERT INTO pos_shelflevel (variant_id, location_id, on_hand) SELECT variant_id, location_id, 100 FROM goods;
"""

ORDERS = """
INSERT INTO pos_shift (id, register_id, state, float_amount, opened_at)
SELECT uuidv7(), id, 'CLOSED', 0, now() FROM pos_register WHERE code = 'R1';

CREATE TEMPORARY TABLE sold AS
SELECT n, uuidv7(make_interval(secs => n - %(orders)s)) AS id FROM generate_series(1, %(orders)s) AS n;

INSERT INTO pos_order (id, register_id, shift_id, status, currency, subtotal, tax_total, total, change_total,
    series, receipt_number, customer_email, note, fingerprint, occurred_at, recorded_at, completed_at)
SELECT sold.id, s.register_id, s.id, 'COMPLETED', 'EUR', 3000, 0, 3000, 0, 'R1', n,
    CASE WHEN n %% 100 = 0 THEN 'customer' || n || '@shop.example' ELSE '' END, '', md5(n::text) || md5(n::text),
    now() - make_interval(secs => %(orders)s - n), now() - make_interval(secs => %(orders)s - n), now()
FROM sold, (SELECT id, register_id FROM pos_shift WHERE state = 'CLOSED' ORDER BY id DESC LIMIT 1) AS s ORDER BY n;

CREATE TEMPORARY TABLE line AS
SELECT uuidv7() AS id, sold.id AS order_id, n, place AS number, goods.variant_id, goods.sku, goods.item_id
FROM sold CROSS JOIN generate_series(1, 3) AS place
JOIN goods ON goods.number = 1 + (n * 7919::bigint + place * 104729) %% (SELECT count(*) FROM goods);

INSERT INTO pos_orderline (id, order_id, number, variant_id, sku, description, stocked, quantity, list_price,
    price_source, unit_price, exact_unit_price, gross, tax_name, tax_rate, tax_inclusive, tax_total, total,
    returned_quantity, returned_total, returned_tax)
SELECT id, order_id, number, variant_id, sku, sku, true, 1, 1000, 'LIST', 1000, 1000, 1000, 'Zero', 0, true, 0, 1000,
    0, 0, 0
FROM line ORDER BY n, number;
INSERT INTO pos_orderlinetax (line_id, number, code, name, rate, inclusive, base, amount)
SELECT id, 1, 'Zero', 'Zero', 0, true, 1000, 0 FROM line ORDER BY n, number;
INSERT INTO inventory_stockmovement (id, item_id, kind, quantity, reason, source_type, source_id, source_line,
    occurred_at, recorded_at)
SELECT uuidv7(make_interval(secs => n - %(orders)s)), item_id, 'ORDER', -1, '', 'order', order_id, id, now(), now()
FROM line ORDER BY n, number;

INSERT INTO pos_tender (id, order_id, number, type_id, state, amount, change, refunded, reference, failure)
SELECT uuidv7(make_interval(secs => n - %(orders)s)), id, 1, (SELECT id FROM pos_tendertype WHERE code = 'cash'),
    'SETTLED', 3000, 0, 0, '', ''
FROM sold ORDER BY n;
INSERT INTO payments_payment (id, order_id, tender_id, tender_type, amount, refunded, currency, reference, occurred_at)
SELECT uuidv7(make_interval(secs => n - %(orders)s)), sold.id, t.id, 'cash', 3000, 0, 'EUR', '', now()
FROM sold JOIN pos_tender t ON t.order_id = sold.id ORDER BY n;
INSERT INTO payments_paymentintent (id, order_id, tender_id, tender_type, amount, currency, card_token, state,
    abandoned, reference, failure, created_at)
SELECT uuidv7(make_interval(secs => n - %(orders)s)), id, id, 'gateway', 3000, 'EUR', 'tok', 'CAPTURED',
    false, '', '', now()
FROM sold WHERE n %% 4 = 0 ORDER BY n;
INSERT INTO pos_return (id, order_id, register_id, shift_id, series, number, currency, tax_total, total, reason,
    fingerprint, occurred_at, recorded_at)
SELECT uuidv7(make_interval(secs => n - %(orders)s)), o.id, register_id, shift_id, 'R1', n, 'EUR', 0, 3000, '',
    fingerprint, o.occurred_at, o.recorded_at
FROM sold JOIN pos_order o ON o.id = sold.id WHERE n %% 4 = 1 ORDER BY n;
INSERT INTO pos_refund (id, parent_id, type_id, amount)
SELECT uuidv7(), id, (SELECT id FROM pos_tendertype WHERE code = 'cash'), 2000 + number FROM pos_return ORDER BY number;
INSERT INTO pos_receipt (id, kind, series, number, source_id, snapshot, previous_hash, hash, print_count, issued_at)
SELECT uuidv7(make_interval(secs => n - %(orders)s)), 'ORDER', 'R1', n, id, '{"currency":"EUR","total":3000}',
    md5(n::text) || md5(n::text), md5(n::text) || md5(n::text), 0, now() - make_interval(secs => %(orders)s - n)
FROM sold ORDER BY n;
INSERT INTO pos_receipt (id, kind, series, number, source_id, snapshot, previous_hash, hash, print_count, issued_at)
SELECT uuidv7(), 'RETURN', 'R1', number, id, '{"currency":"EUR","total":3000}', fingerprint, fingerprint, 0, recorded_at
FROM pos_return ORDER BY number;
INSERT INTO public.events_idempotencyrecord (tenant_id, scope, key, fingerprint, status, body, created_at)
SELECT current_schema(), 'orders', id::text, '', 201, '{}', now() FROM sold ORDER BY n;
"""

FILLED = (
    "pos_product", "pos_variant", "pos_priceentry", "pos_barcode", "pos_shelflevel", "inventory_stockitem", "pos_order",
    "pos_orderline", "pos_orderlinetax", "pos_tender", "pos_return", "pos_refund", "pos_receipt",
    "inventory_stockmovement", "payments_payment", "payments_paymentintent",
)  # fmt: skip


def fill(cursor: Any, *, variants: int, orders: int, analyze: bool = True) -> None:
    """Write the rows into the shop that the cursor is in, which has none of them yet."""
    cursor.execute("SET LOCAL statement_timeout = 0")
    cursor.execute(CATALOGUE, {"variants": variants})
    cursor.execute(ORDERS, {"orders": orders})
    cursor.execute("DROP TABLE place, goods, sold, line")
    if analyze:
        cursor.execute(f"ANALYZE {', '.join(FILLED)}")
