"""What must be true of who did what: an approval that a row names was given for it, to whoever did it.

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
declare(
    "approvals of voids were given for them",
    """NOT EXISTS (SELECT 1 FROM staff_approval a WHERE a.id = o.void_approval_id AND a.command_id = o.id
       AND a.requested_by_id = o.voided_by AND a.consumed_at BETWEEN a.granted_at AND a.expires_at)""",
    "pos_order o WHERE o.void_approval_id IS NOT NULL",
    order=23,
)
declare(
    "approvals of closings were given for them",
    """NOT EXISTS (SELECT 1 FROM staff_approval a WHERE a.id = s.approval_id AND a.command_id = s.id
       AND a.requested_by_id = s.closed_by AND a.consumed_at BETWEEN a.granted_at AND a.expires_at)""",
    "pos_shift s WHERE s.approval_id IS NOT NULL",
    order=23,
)
declare(
    "approvals of refunds were given to whoever paid them out",
    """NOT EXISTS (SELECT 1 FROM staff_approval a WHERE a.id = f.approval_id
       AND a.requested_by_id = f.staff_id AND a.consumed_at BETWEEN a.granted_at AND a.expires_at)""",
    "pos_refund f WHERE f.approval_id IS NOT NULL",
    order=23,
)
