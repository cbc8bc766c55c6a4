"""The independent checker: it believes the journals of terminals and webhook receiver, and the tables.

It shares no code with the services.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.faults import arrivals
from tests.faults.arrivals import Arrival, Due

TROUBLED = {
    "faults.steady": ("pos.order_placed", "pos.order_completed"),
    "faults.flaky": ("pos.order_placed", "pos.order_completed"),
    "faults.slow": ("pos.order_completed",),
    "faults.batch": ("pos.order_placed", "pos.order_completed"),
    "faults.killer": ("pos.order_completed",),
}


@dataclass
class Verdict:
    """How many orders and events there were, and what is wrong with them, by kind."""

    orders: int = 0
    events: int = 0
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def count(self, kind: str) -> int:
        return len(self.wrong[kind])


def bindings(catalogue: Path) -> dict[str, set[str]]:
    """Read who hears what from the written catalogue: subscriber → types."""
    heard: dict[str, set[str]] = {name: set(types) for name, types in TROUBLED.items()}
    for section in re.split(r"^## ", catalogue.read_text(), flags=re.MULTILINE)[1:]:
        listeners = re.search(r"^- heard by: (.*)$", section, flags=re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", listeners.group(1)) if listeners else []:
            heard.setdefault(name, set()).add(section.split("\n", 1)[0].strip())
    return heard


def pending(connection: psycopg.Connection, heard: dict[str, set[str]], shops: tuple[str, ...]) -> int:
    """Count what is not applied, parked for good, or sent yet."""
    pairs = [(name, kind) for name, kinds in heard.items() for kind in kinds]
    behind = connection.execute(
        """
        SELECT count(*) FROM events_subscription s
        JOIN unnest(%s::text[], %s::text[]) AS heard (subscriber, type) ON heard.subscriber = s.subscriber
        JOIN events_event e ON e.tenant_id = s.tenant_id AND e.type = heard.type AND e.position > s.cursor
        WHERE s.tenant_id = ANY(%s)
        """,
        [[name for name, _ in pairs], [kind for _, kind in pairs], list(shops)],
    ).fetchone()
    retrying = connection.execute("SELECT count(*) FROM events_parkedevent WHERE state = 'RETRYING'").fetchone()
    unsent = connection.execute("SELECT count(*) FROM events_outgoing WHERE state IN ('PENDING', 'SENDING')").fetchone()
    return sum(row[0] for row in (behind, retrying, unsent) if row)


def untold(connection: psycopg.Connection) -> int:
    """Count the webhooks that have not arrived yet."""
    statement = "SELECT count(*) FROM events_webhookdelivery WHERE state IN ('PENDING', 'SENDING')"
    return int(_rows(connection, statement)[0][0])


def check(
    connection: psycopg.Connection, journal: Path, arrived: Sequence[Arrival], catalogue: Path, shops: tuple[str, ...]
) -> Verdict:
    """Hold the tables against the journal, and what arrived at the endpoints against the tables."""
    verdict = Verdict()
    sold = [json.loads(line) for line in journal.read_text().splitlines()]
    heard = bindings(catalogue)
    for shop in shops:
        mine = [order for order in sold if order["shop"] == shop]
        foreign = {order["order"] for order in sold if order["shop"] != shop}
        _check_orders(connection, verdict, shop, mine)
        _check_goods_and_money(connection, verdict, shop, mine)
        _check_log(connection, verdict, shop)
        _check_accounts(connection, verdict, shop, heard)
        _check_effects(connection, verdict, shop)
        _check_wall(connection, verdict, shop, foreign)
        _check_webhooks(connection, verdict, shop, arrived)
    return verdict


def _rows(connection: psycopg.Connection, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return connection.execute(statement, parameters or None).fetchall()  # type: ignore[arg-type]


def _check_orders(connection: psycopg.Connection, verdict: Verdict, shop: str, mine: list[dict[str, Any]]) -> None:
    """An answered order is there, once, completed, with its total; and nothing is there that was never sent."""
    stored = {str(row[0]): row for row in _rows(connection, f"SELECT id, total, status FROM {shop}.pos_order")}
    verdict.orders += len(mine)
    for order in mine:
        row = stored.get(order["order"])
        if order["status"] not in {200, 201}:
            verdict.wrong["refused"].append(f"{shop} order {order['order']} was answered {order['status']}")
        elif row is None:
            verdict.wrong["lost"].append(f"{shop} order {order['order']} was answered and is not there")
        elif row[1:] != (order["total"], "COMPLETED"):
            verdict.wrong["lost"].append(f"{shop} order {order['order']} is {row[1:]}, {order['total']} was asked")
    for unknown in stored.keys() - {order["order"] for order in mine}:
        verdict.wrong["repeated"].append(f"{shop} order {unknown} was never sent")
    numbers = [row[0] for row in _rows(connection, f"SELECT receipt_number FROM {shop}.pos_order ORDER BY 1")]
    if numbers != list(range(1, len(stored) + 1)):
        verdict.wrong["lost"].append(f"{shop} receipt numbers have gaps")


def _check_goods_and_money(
    connection: psycopg.Connection, verdict: Verdict, shop: str, mine: list[dict[str, Any]]
) -> None:
    """What was sold left the stock once; what was paid was recorded once, and charged once."""
    left: Counter[str] = Counter()
    for order in mine:
        for line in order["lines"]:
            left[line["sku"]] += int(line["quantity"])
    movements = f"SELECT source_line FROM {shop}.inventory_stockmovement WHERE kind = 'ORDER'"
    moved = Counter(str(row[0]) for row in _rows(connection, movements))
    lines = {str(row[0]) for row in _rows(connection, f"SELECT id FROM {shop}.pos_orderline")}
    _compare(verdict, f"{shop} stock movement of line", moved, lines)
    statement = f"""
        SELECT i.sku, i.on_hand - (SELECT sum(quantity) FROM {shop}.inventory_stockmovement m
            WHERE m.item_id = i.id AND kind = 'RECEIPT'), l.on_hand = i.on_hand
        FROM {shop}.inventory_stockitem i
        LEFT JOIN {shop}.pos_shelflevel l ON l.variant_id = i.variant_id AND l.location_id = i.location_id
    """
    for sku, change, shelf_agrees in _rows(connection, statement):
        if -change != left[sku]:
            verdict.wrong["lost"].append(f"{shop} {sku}: {left[sku]} were sold, the stock changed by {change}")
        if not shelf_agrees:
            verdict.wrong["lost"].append(f"{shop} {sku}: the shelf level is not the stock")
    paid = Counter(str(row[0]) for row in _rows(connection, f"SELECT order_id FROM {shop}.payments_payment"))
    _compare(verdict, f"{shop} payment of order", paid, {order["order"] for order in mine})
    charged = Counter(
        str(row[0])
        for row in _rows(
            connection,
            f"""SELECT i.order_id FROM {shop}.payments_simulatedcharge c
            JOIN {shop}.payments_paymentintent i ON i.id = c.key WHERE c.approved""",
        )
    )
    _compare(verdict, f"{shop} charge of order", charged, {order["order"] for order in mine if order["by_card"]})


def _compare(verdict: Verdict, what: str, found: Counter[str], wanted: set[str]) -> None:
    for key in wanted - found.keys():
        verdict.wrong["lost"].append(f"{what} {key} is missing")
    for key, times in found.items():
        if times > 1 or key not in wanted:
            verdict.wrong["repeated"].append(f"{what} {key} is there {times} times, wanted: {key in wanted}")


def _check_log(connection: psycopg.Connection, verdict: Verdict, shop: str) -> None:
    """Positions and stream versions are gapless; each order said once that it was placed and completed."""
    log = _rows(
        connection,
        "SELECT position, stream, stream_version, type FROM events_event WHERE tenant_id = %s ORDER BY position",
        shop,
    )
    verdict.events += len(log)
    if [row[0] for row in log] != list(range(1, len(log) + 1)):
        verdict.wrong["lost"].append(f"{shop}: positions have gaps or repetitions")
    versions: Counter[str] = Counter()
    for position, stream, version, _kind in log:
        versions[stream] += 1
        if version != versions[stream]:
            verdict.wrong["reordered"].append(f"{shop} {position}: {stream} has version {version}")
    orders = {f"order:{row[0]}" for row in _rows(connection, f"SELECT id FROM {shop}.pos_order")}
    for kind in ("pos.order_placed", "pos.order_completed"):
        said = Counter(stream for _position, stream, _version, said_kind in log if said_kind == kind)
        _compare(verdict, f"{shop} {kind} of", said, orders)


def _check_accounts(connection: psycopg.Connection, verdict: Verdict, shop: str, heard: dict[str, set[str]]) -> None:
    """Every event was applied, or visibly parked, by every subscriber that hears it, exactly once."""
    subscriptions = _rows(
        connection, "SELECT subscriber, start, cursor FROM events_subscription WHERE tenant_id = %s", shop
    )
    log = _rows(connection, "SELECT position, type, stream FROM events_event WHERE tenant_id = %s", shop)
    for subscriber, start, cursor in subscriptions:
        due = {row[0] for row in log if row[0] > start and row[1] in heard.get(subscriber, set())}
        processed = Counter(_positions(connection, "processedevent", shop, subscriber))
        parked = Counter(_positions(connection, "parkedevent", shop, subscriber))
        for position in due:
            accounts = processed[position] + parked[position]
            if position > cursor or accounts == 0:
                verdict.wrong["lost"].append(f"{shop} {subscriber} {position} was never applied")
            elif accounts > 1:
                verdict.wrong["unaccounted"].append(f"{shop} {subscriber} {position} is accounted {accounts} times")
        for position in (processed + parked).keys() - due:
            verdict.wrong["unaccounted"].append(f"{shop} {subscriber} {position} is accounted and was never due")
        if parked and subscriber not in TROUBLED:
            verdict.wrong["unaccounted"].append(f"{shop} {subscriber} has parked events: {sorted(parked)[:5]}")


def _positions(connection: psycopg.Connection, table: str, shop: str, subscriber: str) -> list[int]:
    statement = f"SELECT position FROM events_{table} WHERE tenant_id = %s AND subscriber = %s"
    return [row[0] for row in _rows(connection, statement, shop, subscriber)]


def _check_effects(connection: psycopg.Connection, verdict: Verdict, shop: str) -> None:
    """The troubled subscribers left one row for each event they applied, in the order of its stream."""
    for subscriber in TROUBLED:
        effects = _rows(
            connection,
            f"SELECT position, stream FROM {shop}.faults_effect WHERE subscriber = %s ORDER BY id",
            subscriber,
        )
        times = Counter(position for position, _stream in effects)
        processed = set(_positions(connection, "processedevent", shop, subscriber))
        parked = set(_positions(connection, "parkedevent", shop, subscriber))
        for position in processed - times.keys():
            verdict.wrong["lost"].append(f"{shop} {subscriber} {position} is processed without an effect")
        for position, count in times.items():
            if count > 1 or position in parked or position not in processed:
                verdict.wrong["repeated"].append(f"{shop} {subscriber} {position} took effect {count} times")
        last: dict[str, int] = {}
        for position, stream in effects:
            if position < last.get(stream, 0):
                verdict.wrong["reordered"].append(f"{shop} {subscriber} {stream}: {position} after {last[stream]}")
            last[stream] = position
        streams = dict(_rows(connection, "SELECT position, stream FROM events_event WHERE tenant_id = %s", shop))
        blocked: dict[str, int] = {}
        for position in sorted(parked):
            blocked.setdefault(streams.get(position, ""), position)
        for position in times:
            if position > blocked.get(streams.get(position, ""), position):
                verdict.wrong["reordered"].append(f"{shop} {subscriber} {position} passed a parked event")


def _check_wall(connection: psycopg.Connection, verdict: Verdict, shop: str, foreign: set[str]) -> None:
    """Nothing of another shop's order stands in this one's tables or log."""
    places = (
        f"SELECT id::text FROM {shop}.pos_order",
        f"SELECT source_id::text FROM {shop}.inventory_stockmovement",
        f"SELECT order_id::text FROM {shop}.payments_payment",
        f"SELECT order_id::text FROM {shop}.payments_paymentintent",
        f"SELECT about::text FROM {shop}.notifications_message",
        f"SELECT substr(stream, 7) FROM events_event WHERE tenant_id = '{shop}' AND stream LIKE 'order:%%'",
        f"SELECT data ->> 'order_id' FROM events_event WHERE tenant_id = '{shop}' AND data ? 'order_id'",
        f"SELECT scope || key FROM events_idempotencyrecord WHERE tenant_id = '{shop}'",
    )
    for place in places:
        for (value,) in _rows(connection, place.replace("%%", "%")):
            if value in foreign:
                verdict.wrong["leaked"].append(f"{shop}: {value} in {place}")
    effects = f"""
        SELECT e.event_id FROM {shop}.faults_effect e
        LEFT JOIN events_event l ON l.event_id = e.event_id AND l.tenant_id = %s WHERE l.event_id IS NULL
    """
    for (event_id,) in _rows(connection, effects, shop):
        verdict.wrong["leaked"].append(f"{shop}: an effect of {event_id}, which is not in its log")


def _check_webhooks(connection: psycopg.Connection, verdict: Verdict, shop: str, arrived: Sequence[Arrival]) -> None:
    """The shop's endpoint was told of every event that it asked for, and of nothing else."""
    statement = """
        SELECT e.event_id, e.position, e.stream FROM events_event e
        JOIN events_webhookendpoint w ON w.tenant_id = e.tenant_id AND e.position > w.start
        WHERE e.tenant_id = %s AND e.type = ANY(%s)
    """
    rows = _rows(connection, statement, shop, list(arrivals.TYPES))
    due = [Due(id=str(event_id), position=position, stream=stream) for event_id, position, stream in rows]
    for kind, said in arrivals.findings(shop, due, arrived):
        verdict.wrong[kind].append(said)
