"""What must be true of price lists, and of the lines that were sold by them."""

from kernel.invariants import declare

declare(
    "variant prices = the default list",
    "v.price IS DISTINCT FROM round(e.price)",
    """pos_variant v FULL JOIN (SELECT e.variant_id, e.price FROM pos_priceentry e
       JOIN pos_pricelist l ON l.id = e.price_list_id WHERE l.is_default AND e.minimum_quantity = 0) e
       ON e.variant_id = v.id""",
    order=14,
)
declare(
    "price lists of lines and orders exist, and are in their currency",
    "l.id IS NULL OR l.list_currency <> m.currency AND (l.split_at IS NULL OR m.recorded_at >= l.split_at)",
    """(SELECT o.id AS order_id, NULL::uuid AS line_id, price_list_id, currency, recorded_at FROM pos_order o
        WHERE price_list_id IS NOT NULL
        UNION ALL SELECT o.id, i.id, i.price_list_id, o.currency, o.recorded_at FROM pos_orderline i
        JOIN pos_order o ON o.id = i.order_id WHERE i.price_list_id IS NOT NULL) m
       LEFT JOIN (SELECT id, name AS price_list, currency AS list_currency, split_at FROM pos_pricelist) l
       ON l.id = m.price_list_id""",
    order=15,
)
declare(
    "lines contain their taxes as their price list says",
    "l.tax_included IS NOT NULL AND NOT l.is_default AND i.tax_inclusive <> l.tax_included",
    "pos_orderline i JOIN pos_pricelist l ON l.id = i.price_list_id",
    order=16,
)
declare(
    "prices of a list = what the line was sold at",
    "price_source = 'LIST' AND list_price IS DISTINCT FROM exact_unit_price",
    "pos_orderline WHERE price_list_id IS NOT NULL",
    order=17,
)
