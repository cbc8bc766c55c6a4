"""Whether the checker can see: each kind of damage is done to the tables, looked for, and rolled back.

What arrived at the endpoints, what the archives hold and what operators did is damaged in the checker's copy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tests.faults.acts import Act
from tests.faults.checker import check
from tests.faults.evidence import Archives, Evidence

SHOP = "alder"
OTHER = "birch"
_PARK = (
    "INSERT INTO events_parkedevent (tenant_id, subscriber, position, event_id, type, stream, state, attempts,"
    " next_attempt_at, error, fingerprint, reason, parked_at, updated_at) SELECT e.tenant_id, 'faults.steady',"
    " e.position, e.event_id, e.type, e.stream, {state}, 1, now(), '', 'fingerprint', '', now(), now()"
    f" FROM events_event e WHERE tenant_id = '{SHOP}' AND type = 'pos.order_completed' ORDER BY position LIMIT 1"
)
_UNDONE = (
    "WITH event AS (SELECT position FROM events_event WHERE"
    f" tenant_id = '{SHOP}' AND type = 'pos.order_completed' ORDER BY position LIMIT 1),"
    f" effect AS (DELETE FROM {SHOP}.faults_effect f USING event WHERE f.position = event.position"
    " AND subscriber = 'faults.steady'), booked AS (DELETE FROM events_processedevent p USING event"
    f" WHERE tenant_id = '{SHOP}' AND subscriber = 'faults.steady' AND p.position = event.position) "
)
DAMAGES = (
    ("lost", f"DELETE FROM {SHOP}.faults_effect WHERE id = (SELECT min(id) FROM {SHOP}.faults_effect)"),
    ("lost", f"DELETE FROM events_event WHERE tenant_id = '{SHOP}' AND type = 'pos.order_completed'"),
    ("lost", f"UPDATE {SHOP}.pos_order SET subtotal = subtotal + 1, total = total + 1 WHERE receipt_number = 1"),
    ("lost", f"UPDATE {SHOP}.inventory_stockitem SET on_hand = on_hand + 1"),
    ("lost", _UNDONE + _PARK.format(state="'WAITING'")),
    ("lost", _UNDONE + _PARK.format(state="'RETRYING'")),
    ("lost", f"DELETE FROM events_binding WHERE tenant_id = '{SHOP}' AND subscriber = 'faults.steady'"),
    (
        "lost",
        f"UPDATE events_binding SET since = 1000000 WHERE tenant_id = '{SHOP}' AND type = 'pos.order_completed'"
        " AND subscriber LIKE 'inventory.%'",
    ),
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
        "repeated",
        "INSERT INTO events_event SELECT (jsonb_populate_record(e, jsonb_build_object('event_id', gen_random_uuid(),"
        " 'actor', 'api-key:operator', 'causation_id', e.event_id, 'position', e.position + 1000000, 'stream_version', e.stream_version + 1000000))).*"
        f" FROM events_event e WHERE tenant_id = '{SHOP}' LIMIT 1",
    ),
    (
        "reordered",
        f"WITH pair AS (SELECT stream, min(id) AS a, max(id) AS b FROM {SHOP}.faults_effect"
        " WHERE subscriber = 'faults.steady' GROUP BY stream HAVING count(*) = 2 LIMIT 1)"
        f" UPDATE {SHOP}.faults_effect e SET position = o.position, event_id = o.event_id FROM pair,"
        f" {SHOP}.faults_effect o WHERE e.id IN (a, b) AND o.id IN (a, b) AND o.id <> e.id",
    ),
    (
        "reordered",
        (_UNDONE + _PARK.format(state="'DEAD'")).replace("order_completed", "order_placed"),
    ),
    ("unaccounted", _PARK.format(state="'DISCARDED'")),
    ("unaccounted", _UNDONE + _PARK.format(state="'DISCARDED'")),
    ("unaccounted", _UNDONE + _PARK.format(state="'DEAD'")),
    (
        "unaccounted",
        f"UPDATE events_binding SET until = since WHERE tenant_id = '{SHOP}' AND type = 'pos.order_placed'",
    ),
    (
        "unaccounted",
        "INSERT INTO events_subscription (tenant_id, subscriber, start, cursor, started_position, starts, updated_at)"
        f" VALUES ('{SHOP}', 'faults.renamed_99', 0, 0, 0, 0, now())",
    ),
    (
        "unaccounted",
        f"UPDATE events_processedevent SET subscriber = 'faults.gone' WHERE tenant_id = '{SHOP}'"
        " AND subscriber = 'faults.steady'",
    ),
    (
        "unaccounted",
        f"UPDATE events_parkedevent SET state = 'DEAD' WHERE tenant_id = '{SHOP}' AND state = 'DISCARDED'",
    ),
    ("lost", f"DELETE FROM {SHOP}.pos_shifttotal WHERE subject = 'SALES'"),
    ("repeated", f"UPDATE {SHOP}.pos_shifttotal SET count = count + 1 WHERE subject = 'SALES'"),
    (
        "lost",
        f"ALTER TABLE {SHOP}.pos_shift DISABLE TRIGGER pos_shift_stays_closed;"
        f" UPDATE {SHOP}.pos_shift SET over_short = '{{\"cash\": 0}}', counted = '{{\"cash\": 1}}'"
        " WHERE state = 'CLOSED'",
    ),
    (
        "leaked",
        f"INSERT INTO {SHOP}.faults_effect (subscriber, position, stream, event_id)"
        f" SELECT subscriber, 100000000, stream, event_id FROM {OTHER}.faults_effect LIMIT 1",
    ),
)


def without_the_first_arrival(evidence: Evidence) -> Evidence:
    first = evidence.arrived[0].id
    return replace(evidence, arrived=[arrival for arrival in evidence.arrived if arrival.id != first])


def arrivals_backwards(evidence: Evidence) -> Evidence:
    return replace(evidence, arrived=list(reversed(evidence.arrived)))


def unsigned(evidence: Evidence) -> Evidence:
    return replace(evidence, arrived=[replace(evidence.arrived[0], signed=False), *evidence.arrived[1:]])


def at_another_shop(evidence: Evidence) -> Evidence:
    first = evidence.arrived[0]
    return replace(evidence, arrived=[*evidence.arrived, replace(first, shop=OTHER if first.shop == SHOP else SHOP)])


def without_an_archived_event(evidence: Evidence) -> Evidence:
    return replace(evidence, archives=replace(evidence.archives, events=evidence.archives.events[1:]))


def without_an_archived_account(evidence: Evidence) -> Evidence:
    return replace(evidence, archives=replace(evidence.archives, processed=evidence.archives.processed[1:]))


def with_an_account_twice(evidence: Evidence) -> Evidence:
    booked = evidence.archives.processed
    return replace(evidence, archives=replace(evidence.archives, processed=(*booked, *booked[:1])))


def without_archives(evidence: Evidence) -> Evidence:
    return replace(evidence, archives=Archives())


def without_what_operators_gave_up(evidence: Evidence) -> Evidence:
    return replace(evidence, done=[act for act in evidence.done if act.act not in {"discard", "copy"}])


def with_a_copy_that_is_not_there(evidence: Evidence) -> Evidence:
    copy = Act(act="copy", shop=SHOP, subscriber="faults.picky", position=1, status=201, event_id="not there")
    return replace(evidence, done=[*evidence.done, copy])


def with_a_pause_from_the_beginning(evidence: Evidence) -> Evidence:
    pause = Act(act="pause", shop=SHOP, subscriber="faults.slow", asked=1.0, answered=2.0, status=204)
    return replace(evidence, done=[*evidence.done, pause])


def with_a_shop_closed_that_is_open(evidence: Evidence) -> Evidence:
    return replace(evidence, done=[*evidence.done, Act(act="close", shop=SHOP, status=200)])


def has_archives(evidence: Evidence) -> bool:
    return bool(evidence.archives.events)


def has_discarded(evidence: Evidence) -> bool:
    return bool(evidence.rows("SELECT 1 FROM events_parkedevent WHERE state = 'DISCARDED' LIMIT 1"))


def always(_evidence: Evidence) -> bool:
    return True


Damaging = Callable[[Evidence], Evidence]
COPY_DAMAGES: tuple[tuple[str, Damaging, Callable[[Evidence], bool]], ...] = (
    ("lost", without_the_first_arrival, always),
    ("reordered", arrivals_backwards, always),
    ("leaked", unsigned, always),
    ("leaked", at_another_shop, always),
    ("lost", without_an_archived_event, has_archives),
    ("lost", without_an_archived_account, has_archives),
    ("lost", without_archives, has_archives),
    ("unaccounted", with_an_account_twice, has_archives),
    ("unaccounted", without_what_operators_gave_up, has_discarded),
    ("lost", with_a_copy_that_is_not_there, always),
    ("unaccounted", with_a_pause_from_the_beginning, always),
    ("leaked", with_a_shop_closed_that_is_open, always),
)


@dataclass
class Trial:
    """:param done: how many kinds of damage were done. :param impossible: those that found nothing to damage."""

    done: int = 0
    unseen: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)


def tried(evidence: Evidence) -> Trial:
    """Do each damage, and undo it; find those that the checker does not see."""
    trial = Trial()
    before = check(evidence)
    for kind, name, after in _done(evidence, trial):
        trial.done += 1
        if after <= before.count(kind):
            trial.unseen.append(f"{kind} by {name}")
    return trial


def _done(evidence: Evidence, trial: Trial) -> Iterator[tuple[str, str, int]]:
    for kind, statement in DAMAGES:
        with evidence.connection.transaction(force_rollback=True):
            evidence.connection.execute("SET LOCAL session_replication_role = replica")
            done = evidence.connection.execute(statement)  # type: ignore[arg-type]
            after = check(evidence)
        if done.rowcount:
            yield kind, statement, after.count(kind)
        else:
            trial.impossible.append(statement)
    for kind, damage, possible in COPY_DAMAGES:
        if possible(evidence):
            yield kind, damage.__name__, check(damage(evidence)).count(kind)
        else:
            trial.impossible.append(damage.__name__)
