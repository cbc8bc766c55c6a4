"""Price lists: which of them is in force at a place and moment, and what one unit of a quantity costs by them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceList:
    """Where and when a list has prices.

    :param currency: of its prices: it holds only where that is sold in.
    :param inclusive: whether its prices contain the taxes; None where the goods' tax rate says so.
    :param location_id: where it holds; None for everywhere.
    :param valid_from: by the clock of the location, as `valid_to`, from which moment on it holds no more.
    :param priority: the larger one wins. The default list comes after all others.
    """

    id: UUID
    currency: str
    inclusive: bool | None = None
    location_id: UUID | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    priority: int = 0
    is_default: bool = False

    def holds(self, *, location_id: UUID, currency: str, moment: datetime) -> bool:
        """Say whether it has prices at a location and moment. :param moment: by the clock of the location."""
        begun = self.valid_from is None or self.valid_from <= moment
        here = self.location_id in {None, location_id} and self.currency == currency
        return here and begun and (self.valid_to is None or moment < self.valid_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one unit costs by a list, from a quantity on. :param price: minor units, with up to six decimals."""

    list_id: UUID
    minimum: Decimal
    price: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """The price of a line, and the list that has it."""

    list: PriceList
    step: Step

    @property
    def price(self) -> Decimal:
        return self.step.price


def in_force(
    lists: Iterable[PriceList], *, location_id: UUID, currency: str, moment: datetime
) -> tuple[PriceList, ...]:
    """Return the lists that have prices at a location and moment, in the order in which they are asked.

    Lists of another currency have none. The larger priority first; of the same one, a location's own list before those
    of all; the default list last. The
    database lets no two lists have the same place in that order at any moment.
    """
    holding = [each for each in lists if each.holds(location_id=location_id, currency=currency, moment=moment)]
    return tuple(sorted(holding, key=lambda each: (each.is_default, -each.priority, each.location_id is None, each.id)))


def offer_of(steps: Sequence[Step], lists: Iterable[PriceList], *, quantity: Decimal) -> Offer | None:
    """Return what one unit of a quantity costs: by the first list that has a step for it, its highest such step.

    :param lists: those in force, in their order. :param steps: of one variant.
    """
    for each in lists:
        reached = [step for step in steps if step.list_id == each.id and step.minimum <= quantity]
        if reached:
            return Offer(list=each, step=max(reached, key=lambda step: step.minimum))
    return None


def offers_of(steps: Sequence[Step], lists: Sequence[PriceList]) -> list[Offer]:
    """Return what one unit costs from each quantity on at which that changes, the smallest quantity first."""
    offers: list[Offer] = []
    for minimum in sorted({step.minimum for step in steps}):
        offer = offer_of(steps, lists, quantity=minimum)
        if offer is not None and (not offers or offers[-1].step != offer.step):
            offers.append(offer)
    return offers
