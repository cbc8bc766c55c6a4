"""Opening stock: what is on the shelves when a shop begins, once for each variant and location."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from uuid import UUID

from events.operations.audit import record
from inventory import ledger
from inventory.models import StockMovement
from inventory.queries import OPENING_STOCK, opening_stock
from inventory.services import Posting, Source, StockMove, post_movements
from kernel.bounds import require_goods
from kernel.refusals import Refusal
from kernel.units import open_unit

ROWS_AT_ONCE = 500
"""How many movements a unit of work posts: the ledger of the location is locked meanwhile."""


class OpeningStockDiffers(Refusal):
    """Another opening stock was posted: what is wrong with it is corrected by an adjustment."""

    code = "opening-stock-differs"
    title = "Opening stock was posted already"


def open_stock(*, quantities: Mapping[tuple[UUID, UUID], Decimal], now: datetime, file_name: str = "") -> int:
    """Post the opening stock that is not posted yet; return how many movements that took.

    :param quantities: above zero, by variant and location; the variants are kept in stock.
    :raises NumberTooLarge: when the quantities of some hundred rows come to too much.
    :raises OpeningStockDiffers: when another quantity was posted for one of them.
    """
    posted = 0
    by_location: dict[UUID, dict[UUID, Decimal]] = {}
    for (variant_id, location_id), quantity in quantities.items():
        by_location.setdefault(location_id, {})[variant_id] = quantity
    for location_id, of_variants in sorted(by_location.items()):
        for some in _parts(of_variants):
            with open_unit():
                posted += _open(location_id, some, now)
    with open_unit():
        record(action="opening stock imported", subject=file_name, detail=f"{posted} of {len(quantities)} rows posted")
    return posted


def _open(location_id: UUID, quantities: Mapping[UUID, Decimal], now: datetime) -> int:
    require_goods(quantities.values())
    ledger.take([location_id])
    posted = {variant_id: quantity for (variant_id, _), quantity in opening_stock([location_id]).items()}
    for variant_id, quantity in quantities.items():
        if posted.get(variant_id, quantity) != quantity:
            message = f"the opening stock of {variant_id} is {posted[variant_id]}: correct it by an adjustment"
            raise OpeningStockDiffers(message)
    moved = [
        StockMove(variant_id=variant_id, quantity=quantity, line=variant_id)
        for variant_id, quantity in quantities.items()
        if variant_id not in posted
    ]
    source = Source(type=OPENING_STOCK, id=location_id, location_id=location_id, occurred_at=now)
    post_movements(postings=[Posting(source=source, kind=StockMovement.Kind.OPENING, moved=moved)])
    return len(moved)


def _parts(quantities: Mapping[UUID, Decimal]) -> Iterator[dict[UUID, Decimal]]:
    rows = iter(sorted(quantities.items()))
    while part := dict(islice(rows, ROWS_AT_ONCE)):
        yield part
