"""What all lines of a document come to: refused at the entrance when it is more than is kept of it afterwards."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from kernel.limits import LARGEST_AMOUNT, MOST_GOODS
from kernel.refusals import Refusal


class NumberTooLarge(Refusal):
    """Each number may be sent; what they come to may not."""

    code = "number-too-large"
    title = "Number too large"
    status = 422


def require_goods(quantities: Iterable[Decimal]) -> None:
    """:raises NumberTooLarge: when the quantities of a document come to more than `MOST_GOODS`."""
    goods = sum((abs(quantity) for quantity in quantities), Decimal(0))
    if goods > MOST_GOODS:
        message = f"the quantities of all lines add up to {goods:f}, more than {MOST_GOODS:f}: send it in parts"
        raise NumberTooLarge(message, errors=_at_lines(message))


def require_amount(amount: int) -> None:
    """:raises NumberTooLarge: when a document comes to more than `LARGEST_AMOUNT` minor units."""
    if amount > LARGEST_AMOUNT:
        message = f"all lines add up to {amount} minor units, more than {LARGEST_AMOUNT}"
        raise NumberTooLarge(message, errors=_at_lines(message))


def _at_lines(message: str) -> list[dict[str, Any]]:
    return [{"pointer": "/lines", "code": NumberTooLarge.code, "detail": message}]
