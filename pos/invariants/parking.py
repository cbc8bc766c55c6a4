"""What must be true of parked orders."""

from kernel.invariants import declare

declare(
    "parked orders = their carts",
    """p.order_id IS NULL OR o.status IS DISTINCT FROM 'PARKED' OR o.completed_at IS NOT NULL
    OR EXISTS (SELECT FROM pos_tender t WHERE t.order_id = o.id)""",
    "(SELECT * FROM pos_order WHERE status = 'PARKED') o FULL JOIN pos_parkedorder p ON p.order_id = o.id",
    order=315,
)
