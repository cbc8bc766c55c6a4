"""Whether the checker can see: each kind of damage is done to the tables, looked for, and rolled back.

What arrived at the endpoints is damaged in the checker's copy.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.faults.arrivals import Arrival
from tests.faults.checker import check

SHOP = "alder"
OTHER = "birch"
DAMAGES = (
    ("lost", f"DELETE FROM {SHOP}.faults_effect WHERE id = (SELECT min(id) FROM {SHOP}.faults_effect)"),
    ("lost", f"DELETE FROM events_event WHERE tenant_id = '{SHOP}' AND type = 'pos.order_completed'"),
    ("lost", f"UPDATE {SHOP}.pos_order SET subtotal = subtotal + 1, total = total + 1 WHERE receipt_number = 1"),
    ("lost", f"UPDATE {SHOP}.inventory_stockitem SET on_hand = on_hand + 1"),
    (
        "repeated",
        f"INSERT INTO {SHOP}.faults_effect (subscriber, position, stream, event_id)"
        f" SELECT subscriber, position, stream, event_id FROM {SHOP}.faults_effect LIMIT 1",
    ),
    (
        "repeated",
        f"INSERT INTO {SHOP}.payments_payment (id, order_id, tender_id, tender_type, amount, refunded, currency,"
        f" reference, occurred_at) SELECT gen_random_uuid(), order_id, gen_random_uuid(), tender_type, amount, 0,"
        f" currency, '', occurred_at FROM {SHOP}.payments_payment LIMIT 1",
    ),
    (
        "reordered",
        f"WITH pair AS (SELECT stream, min(id) AS a, max(id) AS b FROM {SHOP}.faults_effect"
        " WHERE subscriber = 'faults.steady' GROUP BY stream HAVING count(*) = 2 LIMIT 1)"
        f" UPDATE {SHOP}.faults_effect e SET position = o.position, event_id = o.event_id FROM pair,"
        f" {SHOP}.faults_effect o WHERE e.id IN (a, b) AND o.id IN (a, b) AND o.id <> e.id",
    ),
    (
        "unaccounted",
        "INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state, attempts,"
        " next_attempt_at, error, fingerprint, reason, parked_at, updated_at) SELECT tenant_id, 'faults.steady',"
        " position, event_id, type, stream, 'DISCARDED', 1, now(), '', '', '', now(), now() FROM events_event"
        f" WHERE tenant_id = '{SHOP}' AND type = 'pos.order_placed' LIMIT 1",
    ),
    (
        "leaked",
        f"INSERT INTO {SHOP}.faults_effect (subscriber, position, stream, event_id)"
        f" SELECT subscriber, 100000000, stream, event_id FROM {OTHER}.faults_effect LIMIT 1",
    ),
)


def without_the_first_event(arrived: Sequence[Arrival]) -> list[Arrival]:
    return [arrival for arrival in arrived if arrival.id != arrived[0].id]


def backwards(arrived: Sequence[Arrival]) -> list[Arrival]:
    return list(reversed(arrived))


def unsigned(arrived: Sequence[Arrival]) -> list[Arrival]:
    return [replace(arrived[0], signed=False), *arrived[1:]]


def at_another_shop(arrived: Sequence[Arrival]) -> list[Arrival]:
    return [*arrived, replace(arrived[0], shop=OTHER if arrived[0].shop == SHOP else SHOP)]


ARRIVAL_DAMAGES: tuple[tuple[str, Callable[[Sequence[Arrival]], list[Arrival]]], ...] = (
    ("lost", without_the_first_event),
    ("reordered", backwards),
    ("leaked", unsigned),
    ("leaked", at_another_shop),
)


def unseen(
    connection: psycopg.Connection, journal: Path, arrived: Sequence[Arrival], catalogue: Path, shops: tuple[str, ...]
) -> Iterator[str]:
    """Do each damage in a transaction that is rolled back; yield those that the checker did not see."""
    before = check(connection, journal, arrived, catalogue, shops)
    for kind, statement in DAMAGES:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL session_replication_role = replica")
            done = connection.execute(statement)
            after = check(connection, journal, arrived, catalogue, shops)
        if not done.rowcount or after.count(kind) <= before.count(kind):
            yield f"{kind} by {statement}"
    for kind, damaged in ARRIVAL_DAMAGES:
        if check(connection, journal, damaged(arrived), catalogue, shops).count(kind) <= before.count(kind):
            yield f"{kind} by {damaged.__name__}"
