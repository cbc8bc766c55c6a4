"""Retention while shops sell: a shop's history becomes a month of the past, and is archived when it may be."""

import time
from datetime import UTC, datetime
from random import Random

import psycopg

from tests.faults import releases
from tests.faults.acts import Act
from tests.faults.operators import Operators
from tests.faults.stack import Stack

FIRST_YEAR = 2015
PAUSED = "faults.steady"
PATIENCE_SECONDS = 90
SALES_SECONDS = 5
BEAT = 0.2
LONGEST_NOTE = 300
LEFT = """
SELECT count(*) FROM unnest(%(shops)s::text[], %(untils)s::bigint[]) AS past (tenant_id, until)
CROSS JOIN LATERAL (
    SELECT 1 FROM events_binding b
    JOIN events_subscription s ON s.tenant_id = b.tenant_id AND s.subscriber = b.subscriber
    JOIN events_event e ON e.tenant_id = b.tenant_id AND e.type = b.type
        AND e.position > greatest(b.since, s.cursor) AND e.position <= least(b.until, past.until)
    WHERE b.tenant_id = past.tenant_id
    UNION ALL
    SELECT 1 FROM events_parkedevent p
    WHERE p.tenant_id = past.tenant_id AND p.position <= past.until AND p.state IN ('RETRYING', 'WAITING', 'DEAD')
    UNION ALL
    SELECT 1 FROM events_webhookdelivery d
    WHERE d.tenant_id = past.tenant_id AND d.position <= past.until AND d.state IN ('PENDING', 'SENDING')
) AS each
"""
# As the superuser of the harness's own server, past the triggers that keep the log from being rewritten. Nobody appends
# or drains meanwhile: both locks of the protocol are held. What a subscriber has yet to handle may have been read for it
# before, with the moment that it was recorded: it stays, and so does what follows. The paused one reads again.
LOCK = (
    "SET LOCAL session_replication_role = replica",
    "SELECT 1 FROM events_subscription WHERE tenant_id = %(shop)s ORDER BY subscriber FOR UPDATE",
    "SELECT pg_advisory_xact_lock(hashtextextended(%(shop)s, 0))",
)
PENDING = """
SELECT min(e.position) FROM events_binding b
JOIN events_subscription s ON s.tenant_id = b.tenant_id AND s.subscriber = b.subscriber
JOIN events_event e ON e.tenant_id = b.tenant_id AND e.type = b.type
    AND e.position > greatest(b.since, s.cursor) AND (b.until IS NULL OR e.position <= b.until)
    AND coalesce(e.audience, b.subscriber) = b.subscriber
WHERE b.tenant_id = %(shop)s AND (b.subscriber = %(paused)s) = %(of_paused)s
"""
HEAD = "SELECT coalesce(max(position), 0) FROM events_event WHERE tenant_id = %(shop)s"
AGE = """
WITH accounts AS (
    UPDATE events_processedevent SET recorded_at = %(month)s::timestamptz + position * interval '1 second'
    WHERE tenant_id = %(shop)s AND position <= %(until)s AND recorded_at >= %(kept)s
)
UPDATE events_event SET recorded_at = %(month)s::timestamptz + position * interval '1 second'
WHERE tenant_id = %(shop)s AND position <= %(until)s AND recorded_at >= %(kept)s
"""


def retain(stack: Stack, random: Random) -> None:
    """Let all that a shop has said so far be of a past month, some of it pending; retain it while the shop sells on.

    With a paused subscriber the month must be kept. When that one goes on, all code can read what is pending and
    operators have given up what is dead, it must go.

    :raises RuntimeError: when it is kept all the same, with what keeps it.
    """
    shop, operators = random.choice(stack.shops), Operators(stack)
    month = datetime(FIRST_YEAR + stack.months // 12, stack.months % 12 + 1, 1, tzinfo=UTC)
    stack.months += 1
    operators.pause(shop, PAUSED)
    try:
        stack.past[shop] = _age(stack, shop, month)
        _retain(stack, month)
    finally:
        operators.resume(shop, PAUSED)
    releases.finish(stack)
    deadline = time.monotonic() + PATIENCE_SECONDS
    became = ""
    while _is_there(stack, month):
        if time.monotonic() > deadline:
            message = f"nothing is to keep the month any more, and it is kept: {became}"
            raise RuntimeError(message)
        _settle(stack, operators, deadline)
        became = _retain(stack, month)


def _age(stack: Stack, shop: str, month: datetime) -> int:
    """Move into a month what all but the paused subscriber have handled of a shop; return the last position."""
    with psycopg.connect(stack.postgres.url("tillflow", "tillflow"), autocommit=True) as connection:
        connection.execute("SELECT public.events_make_partitions(0, %s)", [month])
    with stack.connect() as connection:
        _await_pending(connection, shop)
        kept = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        with connection.transaction():
            asked = {"shop": shop, "month": month, "paused": PAUSED, "kept": kept}
            for statement in LOCK:
                connection.execute(statement, asked if "%(" in statement else None)
            asked["until"] = _handled(connection, shop)
            connection.execute(AGE, asked)
    return int(asked["until"])


def _await_pending(connection: psycopg.Connection, shop: str) -> None:
    """Wait some seconds for an event that all but the paused subscriber have handled."""
    deadline = time.monotonic() + SALES_SECONDS
    while time.monotonic() < deadline:
        pending = _first(connection, PENDING, shop, of_paused=True)
        if pending is not None and pending <= _handled(connection, shop):
            return
        time.sleep(BEAT)


def _handled(connection: psycopg.Connection, shop: str) -> int:
    """Return the position up to which all but the paused subscriber have handled what they hear."""
    pending = _first(connection, PENDING, shop, of_paused=False)
    return pending - 1 if pending is not None else _first(connection, HEAD, shop) or 0


def _first(connection: psycopg.Connection, statement: str, shop: str, *, of_paused: bool = False) -> int | None:
    row = connection.execute(statement, {"shop": shop, "paused": PAUSED, "of_paused": of_paused}).fetchone()
    return row[0] if row else None


def _retain(stack: Stack, month: datetime) -> str:
    """Run the retention; return what became of the past months."""
    asked = time.time()
    answer = stack.manage("retention", "--months", "1")
    became = "; ".join(" ".join(line.split()) for line in answer.splitlines())
    note = f"{month:%Y_%m} has become a past month: {became}"[:LONGEST_NOTE]
    stack.acts.write(Act(act="retain", asked=asked, answered=time.time(), status=200, note=note))
    return became


def _is_there(stack: Stack, month: datetime) -> bool:
    with stack.connect() as connection:
        row = connection.execute(
            "SELECT to_regclass(%s) IS NOT NULL", [f"public.events_event_{month:%Y_%m}"]
        ).fetchone()
    return bool(row and row[0])


def _settle(stack: Stack, operators: Operators, deadline: float) -> None:
    """Give up what is dead of past months, until nobody has anything left to do for them. Released successors may die too."""
    left = 1
    while left and time.monotonic() < deadline:
        past = {shop: until for shop, until in stack.past.items() if shop in stack.shops}
        for shop, until in past.items():
            operators.discard_up_to(shop, until)
        with stack.connect() as connection:
            asked = {"shops": list(past), "untils": list(past.values())}
            row = connection.execute(LEFT, asked).fetchone()
        left = int(row[0]) if row else 0
        time.sleep(BEAT)
