"""The independent checker: it believes the journals of terminals, operators and receiver, the tables, and the archives.

It shares no code with the services.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import psycopg

from tests.faults import arrivals, drawers, handling
from tests.faults.arrivals import Due
from tests.faults.evidence import Evidence, Shop

SAID_ONCE = ("pos.order_placed", "pos.order_completed")
KEPT_OF_CLOSED = ("events_operatoraction", "events_auditentry")
"""What outlives a closed tenant: who did what in it, and who signed in or was refused."""


@dataclass
class Verdict:
    """How many orders and events there were, and what is wrong with them, by kind."""

    orders: int = 0
    events: int = 0
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def count(self, kind: str) -> int:
        return len(self.wrong[kind])

    def __iadd__(self, other: "Verdict") -> "Verdict":
        self.orders += other.orders
        self.events += other.events
        for kind, sentences in other.wrong.items():
            self.wrong[kind] += sentences
        return self


def pending(connection: psycopg.Connection, shops: tuple[str, ...], unreadable: tuple[str, ...] = ()) -> int:
    """Count what is not applied, parked for good, or sent yet.

    :param unreadable: subscribers whose events may wait, because no code that runs can read them.
    """
    asked = {"shops": list(shops), "unreadable": list(unreadable)}
    statement = """
        SELECT (
            SELECT count(*) FROM events_binding b
            JOIN events_subscription s ON s.tenant_id = b.tenant_id AND s.subscriber = b.subscriber
            JOIN events_event e ON e.tenant_id = b.tenant_id AND e.type = b.type
                AND e.position > greatest(b.since, s.cursor) AND (b.until IS NULL OR e.position <= b.until)
            WHERE b.tenant_id = ANY(%(shops)s) AND b.subscriber <> ALL(%(unreadable)s)
                AND coalesce(to_jsonb(e) ->> 'audience', b.subscriber) = b.subscriber
        ) + (
            SELECT count(*) FROM events_parkedevent WHERE state = 'RETRYING' AND tenant_id = ANY(%(shops)s)
                AND subscriber <> ALL(%(unreadable)s)
        ) + (
            SELECT count(*) FROM events_outgoing WHERE state IN ('PENDING', 'SENDING') AND tenant_id = ANY(%(shops)s)
        )
    """
    row = connection.execute(statement, asked).fetchone()
    return int(row[0]) if row else 0


def untold(connection: psycopg.Connection, shops: tuple[str, ...]) -> int:
    """Count the webhooks that have not arrived yet."""
    statement = """
        SELECT count(*) FROM events_webhookdelivery WHERE state IN ('PENDING', 'SENDING') AND tenant_id = ANY(%s)
    """
    row = connection.execute(statement, [list(shops)]).fetchone()
    return int(row[0]) if row else 0


def check(evidence: Evidence) -> Verdict:
    """Hold the tables and archives against the journals, and what arrived at the endpoints against the tables."""
    verdict = Verdict()
    for name in evidence.shops:
        shop = evidence.of(name)
        verdict.orders += len(shop.sold)
        verdict.events += len(shop.log)
        _check_orders(verdict, shop)
        _check_goods_and_money(verdict, shop)
        _check_log(verdict, shop)
        for kind, sentence in (*handling.findings(shop), *drawers.findings(shop)):
            verdict.wrong[kind].append(f"{name} {sentence}")
        _check_wall(verdict, shop)
        _check_webhooks(verdict, shop)
    _check_closed(verdict, evidence)
    return verdict


def _check_orders(verdict: Verdict, shop: Shop) -> None:
    """An answered order is there, once, completed, with its total; and nothing is there that was never sent."""
    name = shop.name
    stored = {str(row[0]): row for row in shop.rows(f"SELECT id, total, status FROM {name}.pos_order")}
    for order in shop.sold:
        row = stored.get(order["order"])
        if order["status"] not in {200, 201}:
            verdict.wrong["refused"].append(f"{name} order {order['order']} was answered {order['status']}")
        elif row is None:
            verdict.wrong["lost"].append(f"{name} order {order['order']} was answered and is not there")
        elif row[1:] != (order["total"], "COMPLETED"):
            verdict.wrong["lost"].append(f"{name} order {order['order']} is {row[1:]}, {order['total']} was asked")
    for unknown in stored.keys() - {order["order"] for order in shop.sold}:
        verdict.wrong["repeated"].append(f"{name} order {unknown} was never sent")
    numbers = [row[0] for row in shop.rows(f"SELECT receipt_number FROM {name}.pos_order ORDER BY 1")]
    if numbers != list(range(1, len(stored) + 1)):
        verdict.wrong["lost"].append(f"{name} receipt numbers have gaps")


def _check_goods_and_money(verdict: Verdict, shop: Shop) -> None:
    """What was sold left the stock once; what was paid was recorded once, and charged once."""
    name = shop.name
    left: Counter[str] = Counter()
    for order in shop.sold:
        for line in order["lines"]:
            left[line["sku"]] += int(line["quantity"])
    movements = f"SELECT source_line FROM {name}.inventory_stockmovement WHERE kind = 'ORDER'"
    moved = Counter(str(row[0]) for row in shop.rows(movements))
    lines = {str(row[0]) for row in shop.rows(f"SELECT id FROM {name}.pos_orderline")}
    _compare(verdict, f"{name} stock movement of line", moved, lines)
    statement = f"""
        SELECT i.sku, i.on_hand - (SELECT sum(quantity) FROM {name}.inventory_stockmovement m
            WHERE m.item_id = i.id AND kind = 'RECEIPT'), l.on_hand = i.on_hand
        FROM {name}.inventory_stockitem i
        LEFT JOIN {name}.pos_shelflevel l ON l.variant_id = i.variant_id AND l.location_id = i.location_id
    """
    for sku, change, shelf_agrees in shop.rows(statement):
        if -change != left[sku]:
            verdict.wrong["lost"].append(f"{name} {sku}: {left[sku]} were sold, the stock changed by {change}")
        if not shelf_agrees:
            verdict.wrong["lost"].append(f"{name} {sku}: the shelf level is not the stock")
    paid = Counter(str(row[0]) for row in shop.rows(f"SELECT order_id FROM {name}.payments_payment"))
    _compare(verdict, f"{name} payment of order", paid, {order["order"] for order in shop.sold})
    statement = f"""
        SELECT i.order_id FROM {name}.payments_simulatedcharge c
        JOIN {name}.payments_paymentintent i ON i.id = c.key WHERE c.approved
    """
    charged = Counter(str(row[0]) for row in shop.rows(statement))
    _compare(verdict, f"{name} charge of order", charged, {order["order"] for order in shop.sold if order["by_card"]})


def _compare(verdict: Verdict, what: str, found: Counter[str], wanted: set[str]) -> None:
    for key in wanted - found.keys():
        verdict.wrong["lost"].append(f"{what} {key} is missing")
    for key, times in found.items():
        if times > 1 or key not in wanted:
            verdict.wrong["repeated"].append(f"{what} {key} is there {times} times, wanted: {key in wanted}")


def _check_log(verdict: Verdict, shop: Shop) -> None:
    """Positions and stream versions are gapless; each order said once that it was placed and completed."""
    if [entry.position for entry in shop.log] != list(range(1, len(shop.log) + 1)):
        verdict.wrong["lost"].append(f"{shop.name}: positions have gaps or repetitions")
    versions: Counter[str] = Counter()
    for entry in shop.log:
        versions[entry.stream] += 1
        if entry.stream_version != versions[entry.stream]:
            verdict.wrong["reordered"].append(
                f"{shop.name} {entry.position}: {entry.stream} has version {entry.stream_version}"
            )
    orders = {f"order:{row[0]}" for row in shop.rows(f"SELECT id FROM {shop.name}.pos_order")}
    originals = [entry for entry in shop.log if not handling.is_copy(entry)]
    for kind in SAID_ONCE:
        said = Counter(entry.stream for entry in originals if entry.type == kind)
        _compare(verdict, f"{shop.name} {kind} of", said, orders)


def _check_wall(verdict: Verdict, shop: Shop) -> None:
    """Nothing of another shop's order stands in this one's tables or log."""
    name = shop.name
    foreign = {order["order"] for order in shop.evidence.sold if order["shop"] != name}
    places = (
        f"SELECT id::text FROM {name}.pos_order",
        f"SELECT source_id::text FROM {name}.inventory_stockmovement",
        f"SELECT order_id::text FROM {name}.payments_payment",
        f"SELECT order_id::text FROM {name}.payments_paymentintent",
        f"SELECT about::text FROM {name}.notifications_message",
        f"SELECT substr(stream, 7) FROM events_event WHERE tenant_id = '{name}' AND stream LIKE 'order:%%'",
        f"SELECT data ->> 'order_id' FROM events_event WHERE tenant_id = '{name}' AND data ? 'order_id'",
        f"SELECT scope || key FROM events_idempotencyrecord WHERE tenant_id = '{name}'",
    )
    for place in places:
        for (value,) in shop.rows(place.replace("%%", "%")):
            if value in foreign:
                verdict.wrong["leaked"].append(f"{name}: {value} in {place}")
    known = {entry.event_id for entry in shop.log}
    for effect in shop.effects:
        if effect.event_id not in known:
            verdict.wrong["leaked"].append(f"{name}: an effect of {effect.event_id}, which is not in its log")


def _check_webhooks(verdict: Verdict, shop: Shop) -> None:
    """The shop's endpoint was told of every event that it asked for, and of nothing else."""
    starts = shop.rows("SELECT start FROM events_webhookendpoint WHERE tenant_id = %s", shop.name)
    due = [
        Due(id=entry.event_id, position=entry.position, stream=entry.stream)
        for (start,) in starts
        for entry in shop.log
        if entry.position > start and entry.type in arrivals.TYPES and not handling.is_copy(entry)
    ]
    for kind, sentence in arrivals.findings(shop.name, due, shop.evidence.arrived):
        verdict.wrong[kind].append(sentence)


def _check_closed(verdict: Verdict, evidence: Evidence) -> None:
    """Of a closed tenant nothing is left: no schema, and no row of the event layer that a worker wrote afterwards."""
    closed = [act.shop for act in evidence.done if act.act == "close" and act.done]
    if not closed:
        return
    for (schema,) in evidence.rows("SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)", closed):
        verdict.wrong["leaked"].append(f"the schema of {schema}, which is closed, is there")
    statement = """
        SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE'
    """
    for (table,) in evidence.rows(statement):
        if table in KEPT_OF_CLOSED:
            continue
        for (shop,) in evidence.rows(f"SELECT DISTINCT tenant_id::text FROM {table}"):
            if shop in closed:
                verdict.wrong["leaked"].append(f"{shop} is closed, and {table} has rows of it")
