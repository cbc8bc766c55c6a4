"""Pictures of amounts for the pages of the admin, drawn by the library that its theme brings along."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kernel.currencies import exponent
from kernel.money import formatted

COLOUR = "var(--color-primary-600)"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars, and the same in words: a table stands beside each picture.

    :param data: as the theme's component takes it. :param rows: what the bars are named, with their amounts.
    """

    title: str
    data: str
    rows: list[tuple[str, str]]


def bars(title: str, amounts: Mapping[str, int], currency: str) -> Chart:
    """Draw amounts by name. :param amounts: minor units of the currency."""
    drawn = [amount / 10 ** exponent(currency) for amount in amounts.values()]
    dataset = {"label": f"{title}, {currency}", "data": drawn, "backgroundColor": COLOUR}
    return Chart(
        title=f"{title}, {currency}",
        data=json.dumps({"labels": list(amounts), "datasets": [dataset]}),
        rows=[(name, formatted(amount, currency)) for name, amount in amounts.items()],
    )
