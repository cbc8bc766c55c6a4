"""The admin's home: cards, each of the app whose matter it is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest

from web.admin.charts import Chart


@dataclass(frozen=True, kw_only=True)
class Card:
    """One card of the home page.

    :param figures: names with what there is of each, written for people. :param heads: of the rows.
    :param note: what stands where there are no rows. :param link: the page that says more, and what it is called.
    """

    title: str
    figures: list[tuple[str, str]] = field(default_factory=list)
    heads: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    note: str = ""
    link: tuple[str, str] | None = None


Maker = Callable[[HttpRequest], Card | None]
"""Makes a card, or None where this person may not see it. It takes a few statements, whatever the history."""
_makers: dict[int, Maker] = {}


def home_card(place: int) -> Callable[[Maker], Maker]:
    """Put a card on the home page of every shop.

    :param place: among the others, from the top; no two have the same.
    """

    def put(maker: Maker) -> Maker:
        if _makers.setdefault(place, maker) is not maker:
            message = f"two cards have the place {place}"
            raise ValueError(message)
        return maker

    return put


def cards(request: HttpRequest) -> list[Card]:
    made = [_makers[place](request) for place in sorted(_makers)]
    return [card for card in made if card is not None]
