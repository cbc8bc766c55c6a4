"""The accounts: for every event at or below a cursor exactly one of processed, parked, discarded.

Checked a piece at a time, so that a scrape need not read the whole log; what was found stays on the books.
"""

from django.db import connection, transaction

from events.log.audience import is_for
from kernel.walls import here, wall

LARGEST_PIECE = 20_000

# A subscription is checked as far as its bindings say, and not before it has any. One checked position for all of its
# types is enough: a type that is added later is heard from the head on, which no check has reached.
_CHECK = f"""
WITH piece AS (
    SELECT s.tenant_id, s.subscriber, greatest(coalesce(a.checked, s.start), s.start) AS low,
        least(s.cursor, greatest(coalesce(a.checked, s.start), s.start) + %(largest)s) AS high
    FROM events_subscription s
    LEFT JOIN events_account a ON a.tenant_id = s.tenant_id AND a.subscriber = s.subscriber
    WHERE {wall("s")} AND s.cursor > greatest(coalesce(a.checked, s.start), s.start)
        AND EXISTS (SELECT 1 FROM events_binding b WHERE b.tenant_id = s.tenant_id AND b.subscriber = s.subscriber)
), found AS (
    SELECT piece.tenant_id, piece.subscriber, count(*) AS unaccounted
    FROM piece
    JOIN events_binding b ON b.tenant_id = piece.tenant_id AND b.subscriber = piece.subscriber
    CROSS JOIN LATERAL (
        SELECT e.* FROM events_event e
        WHERE e.tenant_id = piece.tenant_id AND e.type = b.type AND {is_for("e", "b.subscriber")}
            AND e.position > greatest(piece.low, b.since) AND e.position <= least(piece.high, b.until)
        OFFSET 0  -- each piece is read by itself, along the index: joined in any order, the whole log would be
    ) AS e
    WHERE (
        SELECT count(*) FROM events_processedevent d
        WHERE d.tenant_id = e.tenant_id AND d.subscriber = piece.subscriber AND d.position = e.position
            AND d.recorded_at = e.recorded_at
    ) + (
        SELECT count(*) FROM events_parkedevent p
        WHERE p.tenant_id = e.tenant_id AND p.subscriber = piece.subscriber AND p.position = e.position
    ) <> 1
    GROUP BY piece.tenant_id, piece.subscriber
)
INSERT INTO events_account (tenant_id, subscriber, checked, unaccounted, checked_at)
SELECT piece.tenant_id, piece.subscriber, piece.high, coalesce(found.unaccounted, 0), clock_timestamp()
FROM piece LEFT JOIN found USING (tenant_id, subscriber)
ON CONFLICT (tenant_id, subscriber) DO UPDATE
SET checked = excluded.checked, unaccounted = events_account.unaccounted + excluded.unaccounted,
    checked_at = excluded.checked_at
"""


def check_accounts() -> int:
    """Check the next piece of every subscription that this session sees; return how many went on."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECK, {"largest": LARGEST_PIECE, **here()})
        return cursor.rowcount


def forget_accounts() -> None:
    """Let everything be checked again, from the beginning."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM events_account a WHERE {wall('a')}", here())


def check_anew() -> int:
    """Check everything that the log keeps once more; return how much is unaccounted for now.

    One transaction: nobody finds the books empty meanwhile, least of all retention.
    """
    with transaction.atomic():
        forget_accounts()
        while check_accounts():
            pass
        return unaccounted_on_the_books()


def unaccounted_on_the_books() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(unaccounted), 0) FROM events_account a WHERE {wall('a')}", here())
        count: int = cursor.fetchone()[0]
        return int(count)
