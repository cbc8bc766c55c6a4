"""When the effects of orders were committed, as the server noted it: goods out of stock, and payments recorded.

Every row has the transaction that wrote it in `xmin`, and a server with `track_commit_timestamp` knows when that was
committed. So nothing is added to what the workers do, and nobody has to look at the right moment.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from benchmarks.orders.contenders import SKUS, Contender
from benchmarks.orders.load import Taken

APPLY_SECONDS = 300
LOOK_SECONDS = 0.05
LATEST = 50

COMMITTED = """
SELECT order_id::text, extract(epoch FROM max(committed)), sum(effects) FROM (
    SELECT source_id AS order_id, max(pg_xact_commit_timestamp(xmin)) AS committed, count(*) AS effects
    FROM {shop}.inventory_stockmovement WHERE source_type = 'order' AND source_id = ANY(%(ids)s::uuid[]) GROUP BY 1
    UNION ALL
    SELECT order_id, max(pg_xact_commit_timestamp(xmin)), count(*)
    FROM {shop}.payments_payment WHERE order_id = ANY(%(ids)s::uuid[]) GROUP BY 1
) AS effect GROUP BY 1
"""
EFFECTS = len(SKUS) + 1


class NotApplied(Exception):
    """Effects of an order did not happen in time."""


def wait_until_applied(contender: Contender, taken: Sequence[Taken]) -> None:
    """Look at the latest orders until all of their effects have happened, and then at all.

    :raises NotApplied: when that takes more than five minutes.
    """
    if not contender.has_effects:
        return
    deadline = time.monotonic() + APPLY_SECONDS
    latest = sorted(taken, key=lambda order: order.answered)[-LATEST:]
    with psycopg.connect(contender.postgres.url("postgres", contender.database), autocommit=True) as database:
        for orders in (latest, taken):
            while len(_committed(database, orders)) < len(orders):
                if time.monotonic() > deadline:
                    message = f"{contender.name}: an order has not had all its effects after {APPLY_SECONDS} s"
                    raise NotApplied(message)
                time.sleep(LOOK_SECONDS)


def applied_after(contender: Contender, taken: Sequence[Taken]) -> list[float]:
    """Return for each order the seconds from its answer to the COMMIT of its last effect."""
    if not contender.has_effects:
        return []
    with psycopg.connect(contender.postgres.url("postgres", contender.database), autocommit=True) as database:
        committed = _committed(database, taken)
    return [max(0.0, committed[order.id] - order.answered) for order in taken]


def _committed(database: "psycopg.Connection[Any]", orders: Iterable[Taken]) -> dict[str, float]:
    """Return when the last effect of each order was committed, where all of them were."""
    ids = defaultdict(list)
    for order in orders:
        ids[order.shop].append(order.id)
    found: dict[str, float] = {}
    for shop, of_shop in ids.items():
        for order_id, committed, effects in database.execute(COMMITTED.format(shop=shop), {"ids": of_shop}):
            if effects >= EFFECTS:
                found[order_id] = float(committed)
    return found
