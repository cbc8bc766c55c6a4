"""What must be true of stock, its ledger, and what orders have taken from it."""

from kernel.invariants import declare

declare(
    "on hand = sum of the ledger",
    "i.on_hand <> coalesce((SELECT sum(m.quantity) FROM inventory_stockmovement m WHERE m.item_id = i.id), 0)",
    "inventory_stockitem i",
    order=110,
)
declare(
    "sold goods left the stock once",
    "(SELECT count(*) FROM inventory_stockmovement m WHERE m.source_type = 'order' AND m.source_id = l.order_id"
    " AND m.source_line = l.id AND m.quantity = -l.quantity) <> 1",
    """pos_orderline l JOIN events_event e ON e.tenant_id = %(tenant)s AND e.type = 'pos.order_completed'
       AND e.stream = 'order:' || l.order_id::text
       JOIN events_processedevent p ON p.tenant_id = e.tenant_id AND p.position = e.position
       AND p.subscriber = 'inventory.take_sold_goods_from_stock' WHERE l.stocked""",
    order=130,
)
declare(
    "movements have their cause",
    "NOT EXISTS (SELECT 1 FROM pos_orderline l WHERE l.id = m.source_line AND l.order_id = m.source_id)",
    "inventory_stockmovement m WHERE kind = 'ORDER'",
    order=140,
)
