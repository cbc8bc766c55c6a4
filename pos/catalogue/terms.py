"""Terms of a line: the list price of its goods and their taxes, at a place, a moment and a quantity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from kernel.local_moments import local_moment
from kernel.money import QUANTITY_STEP
from pos.catalogue.goods import Goods, error_at, require_none
from pos.prices.queries import lists_in_force
from pos.pricing.lists import Offer, PriceList, offer_of
from pos.registers.models import Location
from pos.taxes.rules import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How a line is sold, or taken back.

    :param quantity: what is sold, with three decimals: of a pack, all of its pieces.
    :param offer: the price of its goods, and the list that has it; None for a service.
    :param carried_price: by the barcode of a scale: in the place of that of the list.
    :param is_charged: whether the rules are those that the till has charged, whatever the list says.
    """

    quantity: Decimal
    offer: Offer | None
    rules: tuple[Rule, ...]
    carried_price: Decimal | None = None
    is_charged: bool = False

    @property
    def price(self) -> Decimal | None:
        """What a line costs that names no price."""
        return self.list_price if self.carried_price is None else self.carried_price

    @property
    def list_price(self) -> Decimal | None:
        return self.offer.price if self.offer else None

    @property
    def price_list_id(self) -> UUID | None:
        """Return whose price it is; None also where the till charged the taxes as the list does not say."""
        if self.offer is None or self.offer.list.inclusive not in {None, self.inclusive}:
            return None
        return self.offer.list.id

    @property
    def inclusive(self) -> bool:
        """Whether its price contains its taxes: as the price list says, or the tax rate where no list does."""
        said = None if self.offer is None or self.is_charged else self.offer.list.inclusive
        return self.rules[0].inclusive if said is None else said


@dataclass(frozen=True, kw_only=True, slots=True)
class Sale:
    """:param price_list_id: of the list that is asked first at this place and moment; None where no list holds."""

    lines: list[Terms]
    price_list_id: UUID | None


def terms_at(
    goods: Sequence[Goods],
    quantities: Sequence[Decimal],
    *,
    priced: Sequence[bool],
    location: Location,
    occurred_at: datetime,
) -> Sale:
    """Find list prices and taxes: the same ones for a quote, an order and a return of the same place and moment.

    :param priced: of each line whether it names a price, so that it needs none of a list.
    :raises LinesInvalid: when no tax rule holds for a line, no list has the price that it needs, or its quantity comes
        to nothing; it points at each.
    """
    sale = find_terms(goods, quantities, location=location, occurred_at=occurred_at)
    require_terms(sale, goods, priced=priced, location=location, occurred_at=occurred_at)
    return sale


def find_terms(
    goods: Sequence[Goods], quantities: Sequence[Decimal], *, location: Location, occurred_at: datetime
) -> Sale:
    """Find what there is of list prices and taxes: `require_terms` says of which there has to be more."""
    lists = lists_in_force(location, occurred_at)
    moment = local_moment(occurred_at, location.timezone)
    lines = [_terms(*each, lists, location, moment) for each in zip(goods, quantities, strict=True)]
    return Sale(lines=lines, price_list_id=lists[0].id if lists else None)


def require_terms(
    sale: Sale, goods: Sequence[Goods], *, priced: Sequence[bool], location: Location, occurred_at: datetime
) -> None:
    """:raises LinesInvalid: as `terms_at` does."""
    here = f"at {location.name} on {local_moment(occurred_at, location.timezone):%Y-%m-%d %H:%M}"
    errors = []
    for index, (terms, each, is_priced) in enumerate(zip(sale.lines, goods, priced, strict=True)):
        if not terms.quantity:
            detail = "the quantity times what the barcode carries is less than 0.001: send a larger one, or weigh again"
            errors.append({"pointer": f"/lines/{index}/quantity", "code": "quantity-too-small", "detail": detail})
        elif not terms.rules:
            detail = (
                f"no tax rule of {each.taxes.name!r} holds {here}: add one, with the rate 0 where no tax is charged"
            )
            errors.append(error_at(index, "no-tax-rule", detail))
        elif terms.price is None and not is_priced:
            detail = (
                f"no price list has a price of {each.sku} in {location.currency} {here}: add it to a list of that"
                " currency, or send a unit_price"
            )
            errors.append(error_at(index, "no-price", detail))
    require_none(errors)


def _terms(goods: Goods, quantity: Decimal, lists: Sequence[PriceList], location: Location, moment: datetime) -> Terms:
    whole = (quantity * goods.per_scan).quantize(QUANTITY_STEP, ROUND_HALF_UP)
    return Terms(
        quantity=whole,
        offer=offer_of(goods.steps, lists, quantity=whole),
        rules=goods.taxes.at(location.tax_region, moment),
        carried_price=goods.carried_price,
    )
