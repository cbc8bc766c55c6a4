"""What must be true of exceptions, and of commands that are held until a person decides."""

from kernel.invariants import declare

declare(
    "held commands = what was decided about them",
    """CASE WHEN h.body->>'order_id' IS NULL THEN (h.state = 'ACCEPTED') <> (o.id IS NOT NULL)
       ELSE h.state = 'ACCEPTED' AND o.id IS NULL END
       OR c.id IS NULL OR (h.state = 'HELD') <> (c.resolved_at IS NULL)""",
    """pos_heldcommand h LEFT JOIN pos_order o ON o.id = COALESCE((h.body->>'order_id')::uuid, h.id)
       LEFT JOIN pos_exceptioncase c ON c.command_id = h.id AND c.kind = 'quarantined'""",
    order=310,
)
declare(
    "exceptions of orders = their cases",
    """kept.id IS NULL OR c.id IS NULL OR c.command_id <> kept.order_id OR kept.kind <> c.kind
    OR kept.severity <> c.severity""",
    """(SELECT o.id AS order_id, (e->>'id')::uuid AS id, e->>'kind' AS kind, e->>'severity' AS severity
        FROM pos_order o, jsonb_array_elements(o.exceptions) e) kept
       FULL JOIN (SELECT c.* FROM pos_exceptioncase c JOIN pos_order o ON o.id = c.command_id
        WHERE c.kind <> 'quarantined' AND c.opened_at = o.recorded_at) c ON c.id = kept.id""",
    order=311,
)
declare(
    "orders without a shift have an exception",
    "NOT EXISTS (SELECT FROM pos_exceptioncase c WHERE c.command_id = o.id AND c.kind = 'no-shift')",
    "pos_order o WHERE o.shift_id IS NULL AND o.status IN ('PLACED', 'COMPLETED')",
    order=312,
)
declare(
    "corrected moments have an exception",
    "NOT EXISTS (SELECT FROM pos_exceptioncase c WHERE c.command_id = o.id AND c.kind = 'clock-skew')",
    "pos_order o WHERE o.reported_at IS NOT NULL AND NOT o.training",
    order=313,
)
declare(
    "exceptions = their events",
    """c.id IS NULL OR e.opened IS DISTINCT FROM 1
    OR e.resolved <> CASE WHEN c.resolved_at IS NULL THEN 0 ELSE 1 END""",
    """pos_exceptioncase c FULL JOIN (SELECT stream, count(*) FILTER (WHERE type = 'pos.exception_opened') AS opened,
       count(*) FILTER (WHERE type = 'pos.exception_resolved') AS resolved FROM events_event
       WHERE tenant_id = %(tenant)s AND type IN ('pos.exception_opened', 'pos.exception_resolved')
       AND audience IS NULL GROUP BY stream) e ON e.stream = 'exception:' || c.id::text""",
    order=314,
)
