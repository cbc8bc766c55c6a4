"""Retention while shops sell: a shop's history becomes a month of the past, and is archived when it may be."""

import time
from datetime import UTC, datetime
from random import Random

import psycopg

from tests.faults.acts import Act
from tests.faults.operators import Operators
from tests.faults.stack import Stack

FIRST_YEAR = 2015
PAUSED = "faults.steady"
HANDLED_SECONDS = 10
LONGEST_NOTE = 300
# As the superuser of the harness's own server, past the triggers that keep the log from being rewritten. Nobody appends
# or drains meanwhile: both locks of the protocol are held.
AGE = """
SET LOCAL session_replication_role = replica;
SELECT 1 FROM events_subscription WHERE tenant_id = %(shop)s ORDER BY subscriber FOR UPDATE;
SELECT pg_advisory_xact_lock(hashtextextended(%(shop)s, 0));
UPDATE events_processedevent SET recorded_at = %(month)s::timestamptz + position * interval '1 second'
WHERE tenant_id = %(shop)s AND position <= %(until)s AND recorded_at >= %(kept)s;
UPDATE events_event SET recorded_at = %(month)s::timestamptz + position * interval '1 second'
WHERE tenant_id = %(shop)s AND position <= %(until)s AND recorded_at >= %(kept)s;
"""


def retain(stack: Stack, random: Random) -> None:
    """Let all that a shop has said so far be of a past month, some of it pending; retain it while the shop sells on.

    With a paused subscriber the month must be kept; when that one goes on and operators have given up what is dead,
    it may go.
    """
    shop, operators = random.choice(stack.shops), Operators(stack)
    month = datetime(FIRST_YEAR + stack.months // 12, stack.months % 12 + 1, 1, tzinfo=UTC)
    stack.months += 1
    operators.pause(shop, PAUSED)
    until = _age(stack, shop, month)
    _retain(stack, month)
    operators.resume(shop, PAUSED)
    operators.discard_up_to(shop, until)
    _await_handled(stack, shop, until)
    operators.discard_up_to(shop, until)
    _retain(stack, month)


def _age(stack: Stack, shop: str, month: datetime) -> int:
    """Move the shop's events up to its head into a month; return the last position."""
    with psycopg.connect(stack.postgres.url("tillflow", "tillflow"), autocommit=True) as connection:
        connection.execute("SELECT public.events_make_partitions(0, %s)", [month])
    with stack.connect() as connection:
        kept = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        with connection.transaction():
            head = "SELECT coalesce(max(position), 0) FROM events_event WHERE tenant_id = %s"
            row = connection.execute(head, [shop]).fetchone()
            asked = {"shop": shop, "month": month, "until": row[0] if row else 0, "kept": kept}
            for statement in AGE.strip().split(";")[:-1]:
                connection.execute(statement, asked if "%(" in statement else None)
    return int(asked["until"])


def _retain(stack: Stack, month: datetime) -> None:
    asked = time.time()
    answer = stack.manage("retention", "--months", "1")
    became = "; ".join(" ".join(line.split()) for line in answer.splitlines())
    note = f"{month:%Y_%m} has become a past month: {became}"[:LONGEST_NOTE]
    stack.acts.write(Act(act="retain", asked=asked, answered=time.time(), status=200, note=note))


def _await_handled(stack: Stack, shop: str, until: int) -> None:
    """Give the shop's subscribers a moment to come past the month."""
    deadline = time.monotonic() + HANDLED_SECONDS
    statement = """
        SELECT count(*) FROM events_binding b
        JOIN events_subscription s ON s.tenant_id = b.tenant_id AND s.subscriber = b.subscriber
        JOIN events_event e ON e.tenant_id = b.tenant_id AND e.type = b.type
            AND e.position > greatest(b.since, s.cursor) AND (b.until IS NULL OR e.position <= b.until)
        WHERE b.tenant_id = %s AND e.position <= %s
    """
    while time.monotonic() < deadline:
        with stack.connect() as connection:
            row = connection.execute(statement, [shop, until]).fetchone()
        if row and not row[0]:
            return
        time.sleep(0.2)
