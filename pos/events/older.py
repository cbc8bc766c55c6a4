"""Older versions of the events of pos, read and served.

Upwards, what an older version did not carry is null. Downwards, a consumer gets what older code sent, byte for byte; a
unit price with a fraction, which older versions cannot write, is rounded half away from zero there.
"""

from collections.abc import Iterable
from decimal import Decimal

from events.versions import Data, downcaster, extended, reduced, upcaster
from kernel.money import round_half_up
from pos.events.cash import ShiftOpened
from pos.events.catalogue import VariantChanged
from pos.events.lines import ReturnedLine, SoldLine
from pos.events.orders import OrderCompleted, OrderPlaced
from pos.events.returns import ReturnCompleted
from pos.events.tenders import RefundedTender, TakenTender

LINE_1 = frozenset(
    {"line_id", "variant_id", "sku", "description", "quantity", "unit_price", "tax_total", "total", "stocked"}
)
TENDER_1 = frozenset({"tender_id", "tender_type", "kind", "amount", "change", "charged_here"})
RETURNED_LINE_2 = frozenset(
    {"line_id", "variant_id", "sku", "description", "quantity", "tax_total", "total", "disposition"}
)
REFUND_2 = frozenset({"refund_id", "tender_id", "tender_type", "kind", "amount", "charged_here"})
PLACED_1 = frozenset({"order_id", "register_id", "location_id", "currency", "total", "due", "lines", "occurred_at"})
COMPLETED_1 = frozenset(
    {
        "order_id", "register_id", "location_id", "location_name", "shift_id", "receipt", "receipt_number", "currency",
        "subtotal", "tax_total", "total", "change_total", "lines", "tenders", "abandoned_charges", "occurred_at",
        "completed_at",
    }
)  # fmt: skip
RETURN_2 = frozenset(
    {
        "return_id", "order_id", "register_id", "location_id", "receipt", "number", "currency", "tax_total", "total",
        "lines", "refunds", "occurred_at",
    }
)  # fmt: skip
SHIFT_1 = frozenset({"shift_id", "register_id", "float_amount", "opened_at"})
VARIANT_1 = frozenset({"variant_id", "sku", "title", "price", "stocked", "active"})


def _whole(price: str) -> int:
    return round_half_up(Decimal(price))


def _sold(lines: Iterable[Data]) -> list[Data]:
    return [extended(SoldLine, line, unit_price=str(line["unit_price"])) for line in lines]


def _sold_1(lines: Iterable[Data]) -> list[Data]:
    return [reduced(line, LINE_1, unit_price=_whole(line["unit_price"])) for line in lines]


@upcaster("pos.order_placed", version=2)
def placed_without_tenders(data: Data) -> Data:
    return extended(OrderPlaced, data, lines=_sold(data["lines"]))


@downcaster("pos.order_placed", version=1)
def placed_with_all_of_it_due(data: Data) -> Data:
    return reduced(data, PLACED_1, due=data["total"], lines=_sold_1(data["lines"]))


@upcaster("pos.order_completed", version=2)
def completed_without_details(data: Data) -> Data:
    tenders = [extended(TakenTender, tender, state="SETTLED") for tender in data["tenders"]]
    return extended(OrderCompleted, data, lines=_sold(data["lines"]), tenders=tenders)


@downcaster("pos.order_completed", version=1)
def completed_as_it_was(data: Data) -> Data:
    tenders = [reduced(tender, TENDER_1) for tender in data["tenders"]]
    return reduced(data, COMPLETED_1, lines=_sold_1(data["lines"]), tenders=tenders)


@upcaster("pos.return_completed", version=2)
def say_what_became_of_the_goods(data: Data) -> Data:
    lines = [
        {**{name: value for name, value in line.items() if name != "restocked"}, "disposition": disposition}
        for line in data["lines"]
        for disposition in ["RESTOCK" if line["restocked"] else "NONE"]
    ]
    return {**data, "lines": lines}


@downcaster("pos.return_completed", version=1)
def say_whether_goods_were_restocked(data: Data) -> Data:
    lines = [
        {**{name: value for name, value in line.items() if name != "disposition"}, "restocked": restocked}
        for line in data["lines"]
        for restocked in [line["disposition"] == "RESTOCK"]
    ]
    return {**data, "lines": lines}


@upcaster("pos.return_completed", version=3)
def returned_without_details(data: Data) -> Data:
    lines = [extended(ReturnedLine, line) for line in data["lines"]]
    refunds = [extended(RefundedTender, refund) for refund in data["refunds"]]
    return extended(ReturnCompleted, data, lines=lines, refunds=refunds)


@downcaster("pos.return_completed", version=2)
def returned_to_the_shelf_or_not(data: Data) -> Data:
    lines = [
        reduced(line, RETURNED_LINE_2, disposition="RESTOCK" if line["disposition"] == "RESTOCK" else "NONE")
        for line in data["lines"]
    ]
    return reduced(data, RETURN_2, lines=lines, refunds=[reduced(refund, REFUND_2) for refund in data["refunds"]])


@upcaster("pos.shift_opened", version=2)
def opened_by_nobody_known(data: Data) -> Data:
    return extended(ShiftOpened, data)


@downcaster("pos.shift_opened", version=1)
def opened_as_it_was(data: Data) -> Data:
    return reduced(data, SHIFT_1)


@upcaster("pos.variant_changed", version=2)
def changed_without_details(data: Data) -> Data:
    return extended(VariantChanged, data, price=str(data["price"]))


@downcaster("pos.variant_changed", version=1)
def changed_to_a_whole_price(data: Data) -> Data:
    return reduced(data, VARIANT_1, price=_whole(data["price"]))
