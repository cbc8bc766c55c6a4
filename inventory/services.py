"""What the stockroom can do: post movements to the ledger, whatever they come from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from events.event import EventUnreadable, decode
from events.log.causes import Cause, caused_by, current_cause
from events.publishing.publish import publish
from events.publishing.unit_of_work import unit_of_work
from events.subscriptions.queries import unheard
from inventory import ledger
from inventory.events import InventoryStockChanged, ProductOutOfStock, StockCause, StockRanLow
from inventory.models import StockedVariant, StockItem, StockMovement
from kernel.bounds import require_goods
from kernel.ids import new_id
from kernel.money import QUANTITY_STEP
from kernel.permissions import NOBODY, Command, Need, Permission, Permit
from kernel.refusals import NotFound, Refusal
from staff.duty.permitting import permit

KNOWS_VARIANTS = "inventory.know_variants"


class UnknownVariants(Refusal):
    code = "unknown-variant"
    title = "Unknown variant"
    status = 422


class VariantsNotHeardOf(Refusal):
    """What the catalogue said of a variant can be read by newer code only: the same request is taken a moment later."""

    code = "variant-not-heard-of"
    title = "Variant not known to inventory yet"


class DocumentExists(Refusal):
    """The document's id was used before: for the same lines it is answered again, for others it is refused."""

    code = "document-exists"
    title = "Document exists"


class SaidOfVariant(Protocol):
    """What the catalogue says of a variant. `stocked`: whether it is kept in stock."""

    @property
    def variant_id(self) -> UUID: ...
    @property
    def sku(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def stocked(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class StockMove:
    """A quantity of a variant that came in (positive) or went out (negative); `line` names it within its source."""

    variant_id: UUID
    quantity: Decimal
    line: UUID
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What caused movements: an order, a return, a goods receipt, an adjustment.

    :param receipt: what is printed on its receipt, where it has one.
    :param permit: who did it, and the approval that it needed.
    """

    type: str
    id: UUID
    location_id: UUID
    occurred_at: datetime
    receipt: str | None = None
    permit: Permit = NOBODY


ADJUST = Need(permission=Permission.ADJUST_STOCK)


@dataclass(frozen=True, kw_only=True)
class Posting:
    """Movements of one source. :param cause: of what is published for them."""

    source: Source
    kind: StockMovement.Kind
    moved: Sequence[StockMove]
    cause: Cause = field(default_factory=current_cause)


def receive_goods(*, source: Source, moved: Sequence[StockMove], command: Command | None = None) -> list[StockMovement]:
    """Take delivered goods into stock, once for each document. Goods that never came could hide others that are lost.

    :param command: who asks for it.
    :raises PermissionDenied: and what else `permit` refuses, when their role does not let them adjust stock.
    :raises DocumentExists: when another document was posted under this id.
    :raises NumberTooLarge: when its quantities come to too much.
    :raises UnknownVariants: when a variant is not one that is kept in stock.
    :raises VariantsNotHeardOf: when this code cannot read what the catalogue has said of one.
    """
    return _post_document(source, StockMovement.Kind.RECEIPT, moved, command, ADJUST)


def adjust_stock(*, source: Source, moved: Sequence[StockMove], command: Command | None = None) -> list[StockMovement]:
    """Correct the stock by hand, once for each document: breakage, theft, found goods.

    :param command: who asks for it.
    :raises PermissionDenied: and what else `permit` refuses, when their role does not let them adjust stock.
    :raises DocumentExists: when another document was posted under this id.
    :raises NumberTooLarge: when its quantities come to too much.
    :raises UnknownVariants: when a variant is not one that is kept in stock.
    :raises VariantsNotHeardOf: when this code cannot read what the catalogue has said of one.
    """
    return _post_document(source, StockMovement.Kind.ADJUSTMENT, moved, command, ADJUST)


def post_movements(*, postings: Sequence[Posting]) -> None:
    """Post movements to the ledger, bring the items up to date, and say what changed, as if posting by posting.

    The number of statements is the same for any number of postings.
    """
    places = {(line.variant_id, posting.source.location_id) for posting in postings for line in posting.moved}
    if not places:
        return
    with unit_of_work():
        items = ledger.lock_items(places)
        entries: list[ledger.Entry] = []
        for posting in postings:
            with caused_by(posting.cause):
                entries += _post(posting, items)
        ledger.write(entries, items.values())


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


def _post_document(
    source: Source, kind: StockMovement.Kind, moved: Sequence[StockMove], command: Command | None, *needs: Need
) -> list[StockMovement]:
    """Post a document that has an id; one that was posted already is answered with its movements."""
    require_goods(line.quantity for line in moved)
    with unit_of_work():
        _require_tracked({line.variant_id for line in moved})
        ledger.take([source.location_id])
        posted = _posted(source)
        if not posted:
            source = replace(source, permit=permit(command, *needs))
            post_movements(postings=[Posting(source=source, kind=kind, moved=moved)])
            return _posted(source)
        asked = [(source.location_id, line.variant_id, line.quantity, line.reason) for line in moved]
        if [(row.item.location_id, row.item.variant_id, row.quantity, row.reason) for row in posted] != asked:
            message = f"{source.type.replace('_', ' ')} {source.id} was posted already, with other content"
            raise DocumentExists(message, document_id=str(source.id))
        return posted


def _posted(source: Source) -> list[StockMovement]:
    found = StockMovement.objects.filter(source_type=source.type, source_id=source.id)
    return list(found.select_related("item").order_by("id"))


def _require_tracked(variant_ids: Collection[UUID]) -> None:
    """Let nothing be posted but for variants that are kept in stock, by what the catalogue has said until now.

    What it said last of a variant may still be on its way to the subscriber. It is read in the log then, and known from
    here on; the subscriber applies it again.

    :raises UnknownVariants: when a variant is not one that is kept in stock.
    :raises VariantsNotHeardOf: when this code cannot read what the catalogue has said of one.
    """
    if unknown := _not_tracked(variant_ids):
        for said in _on_its_way(unknown):
            know_variant(variant_id=said.variant_id, sku=said.sku, title=said.title, tracked=said.stocked)
    if unknown := _not_tracked(unknown):
        message = f"no variant kept in stock has the id {unknown[0]}"
        raise UnknownVariants(message, variant_ids=[str(variant_id) for variant_id in unknown])


def _not_tracked(variant_ids: Collection[UUID]) -> list[UUID]:
    if not variant_ids:
        return []
    tracked = StockedVariant.objects.filter(variant_id__in=variant_ids, tracked=True)
    return sorted(set(variant_ids) - set(tracked.values_list("variant_id", flat=True)))


def _on_its_way(variant_ids: Collection[UUID]) -> list[SaidOfVariant]:
    waiting = unheard(subscriber=KNOWS_VARIANTS, streams=[f"variant:{variant_id}" for variant_id in variant_ids])
    try:
        return [decode(each.envelope.type, each.envelope.version, each.data) for each in waiting]
    except EventUnreadable:
        message = "what the catalogue says of these variants is on its way to inventory: send this again in a moment"
        raise VariantsNotHeardOf(message, retry_after=1) from None


def _post(posting: Posting, items: dict[ledger.Place, StockItem]) -> list[ledger.Entry]:
    """Move the items, say what changed, and return what is to be written."""
    source = posting.source
    moved = {line.variant_id: items[line.variant_id, source.location_id] for line in posting.moved}
    before = {variant_id: item.on_hand for variant_id, item in sorted(moved.items())}
    entries = []
    causes: dict[UUID, list[StockCause]] = {variant_id: [] for variant_id in before}
    for line in posting.moved:
        causes[line.variant_id].append(StockCause(line_id=line.line, quantity=line.quantity, reason=line.reason))
        item = moved[line.variant_id]
        item.on_hand += line.quantity
        entries.append(
            ledger.Entry(
                id=new_id(),
                item_id=item.id,
                kind=posting.kind,
                quantity=line.quantity,
                reason=line.reason,
                source_type=source.type,
                source_id=source.id,
                source_line=line.line,
                occurred_at=source.occurred_at,
                staff_id=source.permit.staff_id,
                approval_id=source.permit.approval_id,
            )
        )
    for variant_id, on_hand in before.items():
        _announce(moved[variant_id], on_hand, posting, causes[variant_id])
    return entries


def _announce(item: StockItem, before: Decimal, posting: Posting, causes: list[StockCause]) -> None:
    source, occurred_at = posting.source, posting.source.occurred_at
    publish(
        InventoryStockChanged(
            variant_id=item.variant_id,
            location_id=item.location_id,
            sku=item.sku,
            kind=posting.kind.value,
            quantity=item.on_hand - before,
            on_hand=item.on_hand,
            source_type=source.type,
            source_id=source.id,
            source_receipt=source.receipt,
            causes=causes,
            staff_id=source.permit.staff_id,
            occurred_at=occurred_at,
        ),
        occurred_at=occurred_at,
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
