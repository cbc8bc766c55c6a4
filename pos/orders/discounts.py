"""Discounts of an order and of its lines: as they are given, and as they are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from kernel.money import written
from kernel.refusals import Refusal
from kernel.text import without_personal
from pos.pricing.discounts import PERCENT, Discount, DiscountTooLarge, Kind


class DiscountExceedsPrice(Refusal):
    """A discount is more than what it is taken off."""

    code = "discount-exceeds-price"
    title = "Discount exceeds the price"
    status = 422


@dataclass(frozen=True, kw_only=True)
class DiscountInput:
    """:param percent: above 0, up to 100, with at most four decimals; or None. :param amount: minor units; or None."""

    name: str = ""
    percent: Decimal | None = None
    amount: int | None = None

    @property
    def discount(self) -> Discount:
        if self.percent is not None:
            return Discount(kind=Kind.PERCENT, value=int(self.percent * PERCENT))
        return Discount(kind=Kind.AMOUNT, value=self.amount or 0)


def kept(given: Sequence[DiscountInput], amounts: Sequence[int]) -> list[dict[str, Any]]:
    """Return discounts as rows keep them: name, percent (a decimal string, or null), and what each took off.

    Mail addresses and card numbers are taken out of the name, which is published and printed.
    """
    return [
        {
            "name": without_personal(each.name),
            "percent": None if each.percent is None else written(each.percent),
            "amount": amount,
        }
        for each, amount in zip(given, amounts, strict=True)
    ]


def refusal_of(too_large: DiscountTooLarge, indexes: Mapping[UUID, int]) -> DiscountExceedsPrice:
    """Name the discount that is too large, and its line.

    :param indexes: the places of the lines, by their ids.
    """
    place = f"/discounts/{too_large.index}"
    if too_large.line is not None:
        place = f"/lines/{indexes[too_large.line]}{place}"
    error = {"pointer": place, "code": DiscountExceedsPrice.code, "detail": str(too_large)}
    return DiscountExceedsPrice(f"{place}: {too_large}", errors=[error])
