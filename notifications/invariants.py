"""What must be true of the mails that were queued."""

from kernel.invariants import declare

declare(
    "mails were queued once for each event",
    "messages > 1",
    """(SELECT event_id, recipient, count(*) AS messages FROM notifications_message GROUP BY event_id, recipient)
       AS queued""",
    order=160,
)
