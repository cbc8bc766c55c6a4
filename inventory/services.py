"""What the stockroom can do: post movements to the ledger, whatever they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection  # noqa: TID251 - one statement for all levels

from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.queries import unheard
from inventory.events import InventoryStockChanged, ProductOutOfStock, StockRanLow
from inventory.models import StockedVariant, StockItem, StockMovement
from kernel.bounds import require_goods
from kernel.money import QUANTITY_STEP
from kernel.refusals import NotFound, Refusal
from kernel.tenancy import current_tenant

KNOWS_VARIANTS = "inventory.know_variants"


class UnknownVariants(Refusal):
    code = "unknown-variant"
    title = "Unknown variant"
    status = 422


class VariantsNotHeardOf(Refusal):
    """The catalogue has a variant that inventory has yet to hear of: the same request is taken a moment later."""

    code = "variant-not-heard-of"
    title = "Variant not known to inventory yet"


class DocumentExists(Refusal):
    """The document's id was used before: for the same lines it is answered again, for others it is refused."""

    code = "document-exists"
    title = "Document exists"


@dataclass(frozen=True, kw_only=True)
class StockMove:
    """A quantity of a variant that came in (positive) or went out (negative); `line` names it within its source."""

    variant_id: UUID
    quantity: Decimal
    line: UUID
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What caused movements: an order, a return, a goods receipt, an adjustment."""

    type: str
    id: UUID
    location_id: UUID
    occurred_at: datetime


def receive_goods(*, source: Source, moved: Sequence[StockMove]) -> list[StockMovement]:
    """Take delivered goods into stock, once for each document.

    :raises DocumentExists: when another document was posted under this id.
    :raises NumberTooLarge: when its quantities come to too much.
    :raises UnknownVariants: when a variant is not one that is kept in stock.
    :raises VariantsNotHeardOf: when inventory has yet to apply an event of the catalogue about it.
    """
    return _post_document(source=source, kind=StockMovement.Kind.RECEIPT, moved=moved)


def adjust_stock(*, source: Source, moved: Sequence[StockMove]) -> list[StockMovement]:
    """Correct the stock by hand, once for each document: breakage, theft, found goods.

    :raises DocumentExists: when another document was posted under this id.
    :raises NumberTooLarge: when its quantities come to too much.
    :raises UnknownVariants: when a variant is not one that is kept in stock.
    :raises VariantsNotHeardOf: when inventory has yet to apply an event of the catalogue about it.
    """
    return _post_document(source=source, kind=StockMovement.Kind.ADJUSTMENT, moved=moved)


def post_movements(*, source: Source, kind: StockMovement.Kind, moved: Sequence[StockMove]) -> list[StockMovement]:
    """Post movements to the ledger, bring the items up to date, and say what changed."""
    if not moved:
        return []
    with unit_of_work():
        _take_ledger(source.location_id)
        items = _locked_items({line.variant_id for line in moved}, source.location_id)
        before = {variant_id: item.on_hand for variant_id, item in items.items()}
        movements = []
        for line in moved:
            item = items[line.variant_id]
            item.on_hand += line.quantity
            movements.append(
                StockMovement(
                    item=item,
                    kind=kind,
                    quantity=line.quantity,
                    reason=line.reason,
                    source_type=source.type,
                    source_id=source.id,
                    source_line=line.line,
                    occurred_at=source.occurred_at,
                )
            )
        StockMovement.objects.bulk_create(movements)
        StockItem.objects.bulk_update(items.values(), ["on_hand"])
        for item in items.values():
            _announce(item, before[item.variant_id], kind, source)
    return movements


def set_reorder_point(*, item_id: UUID, reorder_point: Decimal) -> None:
    """Say at which stock goods are to be ordered again, 0 for never; goods that this makes low are announced.

    :raises NotFound: when there is no such item.
    """
    with unit_of_work():
        item = StockItem.objects.select_for_update(no_key=True).filter(id=item_id).first()
        if item is None:
            message = f"no stock item {item_id} exists"
            raise NotFound(message)
        was_low = _is_low(item)
        item.reorder_point = reorder_point.quantize(QUANTITY_STEP)
        item.save(update_fields=["reorder_point", "updated_at"])
        if _is_low(item) and not was_low:
            publish(_ran_low(item))


def know_variant(*, variant_id: UUID, sku: str, title: str, tracked: bool) -> None:
    """Remember what the catalogue says of a variant."""
    StockedVariant.objects.update_or_create(
        variant_id=variant_id, defaults={"sku": sku, "title": title, "tracked": tracked}
    )
    StockItem.objects.filter(variant_id=variant_id).update(sku=sku, title=title)


def _post_document(*, source: Source, kind: StockMovement.Kind, moved: Sequence[StockMove]) -> list[StockMovement]:
    """Post a document that has an id; one that was posted already is answered with its movements."""
    require_goods(line.quantity for line in moved)
    with unit_of_work():
        _require_tracked(moved)
        _take_ledger(source.location_id)
        found = StockMovement.objects.filter(source_type=source.type, source_id=source.id).select_related("item")
        posted = list(found.order_by("id"))
        if not posted:
            return post_movements(source=source, kind=kind, moved=moved)
        asked = [(source.location_id, line.variant_id, line.quantity, line.reason) for line in moved]
        if [(row.item.location_id, row.item.variant_id, row.quantity, row.reason) for row in posted] != asked:
            message = f"{source.type.replace('_', ' ')} {source.id} was posted already, with other content"
            raise DocumentExists(message, document_id=str(source.id))
        return posted


def _take_ledger(location_id: UUID) -> None:
    """Let one transaction at a time post to a location's ledger.

    A transaction may hold many orders' items; locking item by item, two of them would wait for each other in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"stock:{current_tenant()}:{location_id}"]
        )


def _require_tracked(moved: Sequence[StockMove]) -> None:
    wanted = {line.variant_id for line in moved}
    known = StockedVariant.objects.filter(variant_id__in=wanted, tracked=True).values_list("variant_id", flat=True)
    unknown = sorted(str(variant_id) for variant_id in wanted - set(known))
    if unknown:
        waiting = unheard(subscriber=KNOWS_VARIANTS, streams=[f"variant:{variant_id}" for variant_id in unknown])
        if waiting:
            message = (
                "what the catalogue says of these variants is on its way to inventory: send this again in a moment"
            )
            raise VariantsNotHeardOf(message, retry_after=1)
        message = f"no variant kept in stock has the id {unknown[0]}"
        raise UnknownVariants(message, variant_ids=unknown)


def _locked_items(variant_ids: set[UUID], location_id: UUID) -> dict[UUID, StockItem]:
    titles = {known.variant_id: known for known in StockedVariant.objects.filter(variant_id__in=variant_ids)}
    existing = set(
        StockItem.objects.filter(location_id=location_id, variant_id__in=variant_ids).values_list(
            "variant_id", flat=True
        )
    )
    missing = [
        StockItem(
            variant_id=variant_id,
            location_id=location_id,
            sku=titles[variant_id].sku if variant_id in titles else "",
            title=titles[variant_id].title if variant_id in titles else "",
        )
        for variant_id in sorted(variant_ids - existing)
    ]
    if missing:
        StockItem.objects.bulk_create(missing, ignore_conflicts=True)
    locked = StockItem.objects.select_for_update(no_key=True).order_by("variant_id")
    return {item.variant_id: item for item in locked.filter(location_id=location_id, variant_id__in=variant_ids)}


def _announce(item: StockItem, before: Decimal, kind: StockMovement.Kind, source: Source) -> None:
    publish(
        InventoryStockChanged(
            variant_id=item.variant_id,
            location_id=item.location_id,
            sku=item.sku,
            kind=kind.value,
            quantity=item.on_hand - before,
            on_hand=item.on_hand,
            occurred_at=source.occurred_at,
        ),
        occurred_at=source.occurred_at,
    )
    if item.on_hand <= 0 < before:
        publish(
            ProductOutOfStock(
                variant_id=item.variant_id,
                location_id=item.location_id,
                sku=item.sku,
                title=item.title,
                on_hand=item.on_hand,
            )
        )
    elif item.on_hand <= item.reorder_point < before:
        publish(_ran_low(item))


def _is_low(item: StockItem) -> bool:
    return item.reorder_point > 0 and item.on_hand <= item.reorder_point


def _ran_low(item: StockItem) -> StockRanLow:
    return StockRanLow(
        variant_id=item.variant_id,
        location_id=item.location_id,
        sku=item.sku,
        title=item.title,
        on_hand=item.on_hand,
        reorder_point=item.reorder_point,
    )
