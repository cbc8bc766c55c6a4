"""The ledger in the database: a fixed number of statements for any number of movements."""

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import connection  # noqa: TID251 - sets of rows are written with one statement each

from inventory.models import StockItem
from kernel.arrays import array
from kernel.ids import new_id
from kernel.tenancy import current_tenant

Place = tuple[UUID, UUID]
"""A variant and a location."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A movement to write."""

    id: UUID
    item_id: UUID
    kind: str
    quantity: Decimal
    reason: str
    source_type: str
    source_id: UUID
    source_line: UUID
    occurred_at: datetime
    staff_id: UUID | None
    approval_id: UUID | None


_TAKE = """
SELECT pg_advisory_xact_lock(hashtextextended(ledger.name, 0)) FROM unnest(%(ledgers)s::text[]) AS ledger (name)
"""

_COLUMNS = [field.attname for field in StockItem._meta.concrete_fields]

_LOCK = f"""
SELECT {", ".join(f"item.{column}" for column in _COLUMNS)}
FROM inventory_stockitem AS item
JOIN unnest(%(variants)s::uuid[], %(locations)s::uuid[]) AS place (variant_id, location_id)
    USING (variant_id, location_id)
ORDER BY variant_id, location_id FOR NO KEY UPDATE OF item
"""

_OPEN = """
INSERT INTO inventory_stockitem (id, variant_id, location_id, sku, title, on_hand, reorder_point, updated_at)
SELECT place.id, variant_id, place.location_id, coalesce(known.sku, ''), coalesce(known.title, ''), 0, 0,
    clock_timestamp()
FROM unnest(%(ids)s::uuid[], %(variants)s::uuid[], %(locations)s::uuid[]) AS place (id, variant_id, location_id)
LEFT JOIN inventory_stockedvariant AS known USING (variant_id)
ORDER BY variant_id, location_id
ON CONFLICT DO NOTHING
"""

_WRITE = """
INSERT INTO inventory_stockmovement (
    id, item_id, kind, quantity, reason, source_type, source_id, source_line, occurred_at, staff_id,
    approval_id, recorded_at
)
SELECT id, item_id, kind, quantity, reason, source_type, source_id, source_line, occurred_at, staff_id, approval_id,
    clock_timestamp()
FROM json_to_recordset(%(entries)s::json) AS entry (
    id uuid, item_id uuid, kind text, quantity numeric, reason text, source_type text, source_id uuid,
    source_line uuid, occurred_at timestamptz, staff_id uuid, approval_id uuid
);
UPDATE inventory_stockitem AS item SET on_hand = moved.on_hand, updated_at = clock_timestamp()
FROM unnest(%(items)s::uuid[], %(on_hand)s::numeric[]) AS moved (id, on_hand) WHERE item.id = moved.id
"""

_entries = msgspec.json.Encoder(decimal_format="string")


def take(location_ids: Iterable[UUID]) -> None:
    """Let one transaction at a time post to each of these locations' ledgers.

    A transaction may hold many orders' items; locking item by item, two of them would wait for each other in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"ledgers": _ledgers(location_ids)})


def lock_items(places: Collection[Place]) -> dict[Place, StockItem]:
    """Take the ledgers of these places and lock their items, in the order of their variants; missing ones are opened.

    The items are read after the wait for the ledgers, which is one statement and one round trip with the reading.
    """
    ledgers = _ledgers({location_id for _, location_id in places})
    items = _locked(f"{_TAKE};{_LOCK}", places, ledgers=ledgers)
    missing = [place for place in places if place not in items]
    if missing:
        ids = array(new_id() for _ in missing)
        items |= _locked(f"{_OPEN};{_LOCK}", missing, ids=ids)
    return items


def write(entries: Collection[Entry], items: Collection[StockItem]) -> None:
    """Append entries to the ledger, and note what is on hand of their items now."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            {
                "entries": _entries.encode(entries).decode(),
                "items": array(item.id for item in items),
                "on_hand": array(item.on_hand for item in items),
            },
        )


def _locked(statements: str, places: Collection[Place], **parameters: str | list[str]) -> dict[Place, StockItem]:
    with connection.cursor() as cursor:
        cursor.execute(
            statements,
            {
                "variants": array(variant_id for variant_id, _ in places),
                "locations": array(location_id for _, location_id in places),
                **parameters,
            },
        )
        cursor.nextset()
        items = [StockItem.from_db(connection.alias, _COLUMNS, row) for row in cursor.fetchall()]
    return {(item.variant_id, item.location_id): item for item in items}


def _ledgers(location_ids: Iterable[UUID]) -> list[str]:
    return sorted(f"stock:{current_tenant()}:{location_id}" for location_id in location_ids)
