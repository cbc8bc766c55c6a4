"""Prices below the shop's that a till says it was shown: whether the shop has had them lately."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from kernel.money import round_half_up
from kernel.permissions import Command, Mode, Need, Permission
from pos.exceptions.findings import Findings
from pos.exceptions.models import ExceptionCase
from pos.orders.models import Order, OrderLine
from pos.prices.queries import prices_since

Kind = ExceptionCase.Kind
EXPLAINS = timedelta(hours=24)
"""For so long after it was changed, a price explains what was sold at it."""


def note_unapproved_prices(
    order: Order, rows: Sequence[OrderLine], findings: Findings, command: Command | None
) -> None:
    """Find lines that were sold online below the price, at none that the shop has had lately.

    The snapshot of a line is the till's word: nobody was asked for this price. Whoever may sell at it needs nobody.
    Nothing is asked of the database unless a price has drifted downwards.
    """
    if command is None or command.by is None or order.origin != Order.Origin.ONLINE:
        return
    by_id = {str(row.id): row for row in rows}
    drifted = [
        (by_id[line["line_id"]], line, Decimal(line["price"]))
        for line in findings.by_kind.get(Kind.PRICE_DRIFT, {"lines": []})["lines"]
        if Decimal(line["sold_at"]) < Decimal(line["price"])
    ]
    if not drifted:
        return
    variant_ids = {row.variant_id for row, _, _ in drifted if row.variant_id is not None}
    known = prices_since(variant_ids, order.recorded_at - EXPLAINS)
    below = [each for each in drifted if not _is_known(each[0], known)]
    reductions = [(price - row.unit_price, price) for row, _, price in below]
    need = Need(permission=Permission.PRICE_OVERRIDE, reductions=reductions)
    if below and command.by.verdict(need) != Mode.ALLOW:
        lines: list[dict[str, Any]] = [{**line, "difference": _difference(row, price)} for row, line, price in below]
        difference = sum(line["difference"] for line in lines)
        findings.note(Kind.UNAPPROVED_PRICE, staff_id=str(command.by.staff_id), difference=difference, lines=lines)


def _is_known(row: OrderLine, known: dict[UUID, set[Decimal]]) -> bool:
    return row.variant_id is not None and row.unit_price in known[row.variant_id]


def _difference(row: OrderLine, price: Decimal) -> int:
    return round_half_up(price * row.quantity) - row.gross
