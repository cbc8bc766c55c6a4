"""The ledger takes the postings of many orders at once, and says exactly what it would say of one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.log.causes import Cause
from events.log.log import head
from events.models import Event
from inventory.models import StockedVariant, StockItem, StockMovement
from inventory.services import Posting, Source, StockMove, post_movements
from kernel.ids import new_id
from tenants.models import Tenant
from tests.support import make

Kind = StockMovement.Kind
VARIANTS = 3


@dataclass(frozen=True)
class Line:
    variant: int
    quantity: Decimal


@dataclass(frozen=True)
class Start:
    """What a variant begins with; no item at all where `on_hand` is None."""

    on_hand: Decimal | None
    reorder_point: Decimal


QUANTITIES = st.sampled_from([Decimal(n) for n in ("1", "2", "0.5", "3.125")])
MOST_LINES = 4
LINES = st.lists(st.builds(Line, st.integers(0, VARIANTS - 1), QUANTITIES), max_size=MOST_LINES)
DOCUMENTS = st.lists(st.tuples(st.sampled_from([Kind.ORDER, Kind.ORDER, Kind.RETURN]), LINES), min_size=1, max_size=6)
STARTS = st.lists(
    st.builds(Start, st.sampled_from([None, *map(Decimal, ("-1", "0", "2", "4"))]), st.sampled_from([Decimal(0), Decimal(2)])),
    min_size=VARIANTS,
    max_size=VARIANTS,
)  # fmt: skip


class World:
    """Variants at one location, with their items; ids stand for their places in `variants`."""

    def __init__(self, starts: Sequence[Start], location_id: UUID) -> None:
        self.location_id = location_id
        self.variants = sorted(new_id() for _ in starts)
        for number, (variant_id, start) in enumerate(zip(self.variants, starts, strict=True)):
            StockedVariant.objects.create(variant_id=variant_id, sku=f"SKU{number}", title="Goods", tracked=True)
            if start.on_hand is not None:
                StockItem.objects.create(
                    variant_id=variant_id, location_id=location_id, sku=f"SKU{number}", title="Goods",
                    on_hand=start.on_hand, reorder_point=start.reorder_point,
                )  # fmt: skip

    def postings(self, documents: Sequence[tuple[Kind, list[Line]]], causes: Sequence[Cause]) -> list[Posting]:
        self.documents: list[UUID] = [new_id() for _ in documents]
        return [
            Posting(
                source=Source(type="order", id=document, location_id=self.location_id, occurred_at=make.NOW),
                kind=kind,
                moved=[
                    StockMove(
                        variant_id=self.variants[line.variant],
                        quantity=-line.quantity if kind is Kind.ORDER else line.quantity,
                        line=uuid5(document, str(number)),
                    )
                    for number, line in enumerate(lines)
                ],
                cause=cause,
            )
            for document, (kind, lines), cause in zip(self.documents, documents, causes, strict=True)
        ]

    def told(self, after: int) -> list[Any]:
        """What was published, in order, and why."""
        told = []
        for event in Event.objects.filter(tenant_id="north", position__gt=after).order_by("position"):
            data = {name: value for name, value in event.data.items() if name not in {"variant_id", "location_id"}}
            if event.type == "inventory.stock_changed":
                self._tell_causes(data)
            variant = self.variants.index(UUID(event.data["variant_id"]))
            told.append(
                (event.type, variant, event.stream_version, data, event.occurred_at == make.NOW, event.causation_id, event.correlation_id)
            )  # fmt: skip
        return told

    def _tell_causes(self, data: dict[str, Any]) -> None:
        """Name the document and its lines by their numbers: the worlds that are compared have ids of their kind."""
        document = UUID(data["source_id"])
        numbers = {str(uuid5(document, str(number))): number for number in range(MOST_LINES)}
        data["source_id"] = self.documents.index(document)
        data["causes"] = [{**cause, "line_id": numbers[cause["line_id"]]} for cause in data["causes"]]

    def kept(self) -> list[Any]:
        """What the ledger holds, and what it comes to."""
        movements = StockMovement.objects.filter(source_id__in=self.documents).select_related("item").order_by("id")
        return [
            (row.kind, row.quantity, row.source_type, self.documents.index(row.source_id), self.variants.index(row.item.variant_id))
            for row in movements
        ] + list(self.items().order_by("variant_id").values_list("sku", "title", "on_hand", "reorder_point"))  # fmt: skip

    def items(self) -> Any:
        return StockItem.objects.filter(variant_id__in=self.variants)


def expected(starts: Sequence[Start], documents: Sequence[tuple[Kind, list[Line]]]) -> list[tuple[str, int, str]]:
    """Reckon what is to be published: (type, variant, on hand)."""
    level = [start.on_hand or Decimal(0) for start in starts]
    point = [start.reorder_point if start.on_hand is not None else Decimal(0) for start in starts]
    told = []
    for kind, lines in documents:
        before = list(level)
        for line in lines:
            level[line.variant] += line.quantity * (-1 if kind is Kind.ORDER else 1)
        for variant in sorted({line.variant for line in lines}):
            now = f"{level[variant]:.3f}"
            told.append(("inventory.stock_changed", variant, now))
            if level[variant] <= 0 < before[variant]:
                told.append(("inventory.product_out_of_stock", variant, now))
            elif level[variant] <= point[variant] < before[variant]:
                told.append(("inventory.stock_ran_low", variant, now))
    return told


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(starts=STARTS, documents=DOCUMENTS)
def test_many_postings_at_once_leave_and_say_what_they_would_one_by_one(
    shop: Tenant, starts: list[Start], documents: list[tuple[Kind, list[Line]]]
) -> None:
    location_id, causes = new_id(), [Cause(causation_id=new_id()) for _ in documents]
    together, apart = World(starts, location_id), World(starts, location_id)
    begin = head("north")

    post_movements(postings=together.postings(documents, causes))
    middle = head("north")
    told = together.told(begin)
    for posting in apart.postings(documents, causes):
        post_movements(postings=[posting])

    assert told == apart.told(middle)
    assert together.kept() == apart.kept()
    assert [(kind, variant, data["on_hand"]) for kind, variant, _, data, *_ in told] == expected(starts, documents)


def test_postings_of_several_locations_stay_apart(shop: Tenant) -> None:
    places = [new_id(), new_id()]
    variant_id = new_id()

    post_movements(
        postings=[
            Posting(
                source=Source(type="order", id=new_id(), location_id=location_id, occurred_at=make.NOW),
                kind=Kind.ORDER,
                moved=[StockMove(variant_id=variant_id, quantity=-Decimal(number), line=new_id())],
            )
            for number, location_id in enumerate(places, 1)
        ]
    )

    levels = {location_id: StockItem.objects.get(location_id=location_id).on_hand for location_id in places}
    assert levels == {places[0]: -1, places[1]: -2}


def test_nothing_that_is_kept_in_stock_moves_nothing(shop: Tenant, django_assert_num_queries: Any) -> None:
    empty = Source(type="order", id=new_id(), location_id=new_id(), occurred_at=make.NOW)

    with django_assert_num_queries(0):
        post_movements(postings=[Posting(source=empty, kind=Kind.ORDER, moved=[])])
