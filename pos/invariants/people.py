"""What must be true of who did what: an approval that an order names was given for it, to whoever rang it up.

That of an exchange was given for the return.
"""

from kernel.invariants import declare

declare(
    "approvals that orders name were given for them",
    """NOT EXISTS (SELECT 1 FROM staff_approval a WHERE a.id = o.approval_id AND a.requested_by_id = o.staff_id
       AND a.command_id IN (o.id, o.exchange_return_id) AND a.consumed_at BETWEEN a.granted_at AND a.expires_at)""",
    "pos_order o WHERE o.approval_id IS NOT NULL",
    order=23,
)
