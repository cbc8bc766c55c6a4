"""Events of the catalogue. Prices are minor units of one unit of goods, with up to six decimals."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from events.event import Category, Event, event


@dataclass(frozen=True, kw_only=True)
class ListedPrice:
    """What one unit costs by a price list, from a quantity on. `inclusive`: whether the price contains the taxes."""

    price_list_id: UUID | None
    price_list: str
    currency: str | None
    inclusive: bool | None
    minimum_quantity: Decimal
    price: Decimal


@event("pos.variant_changed", category=Category.INTEGRATION, stream="variant:{variant_id}", version=2)
class VariantChanged(Event):
    """A variant was created or changed: the whole of it, as it is now. Null is what is not known.

    :param price: of the shop's default list. :param tax_class: the name of how it is taxed.
    """

    variant_id: UUID
    product_id: UUID | None
    sku: str
    title: str
    category: str | None
    tax_class: str | None
    unit: str | None
    barcodes: list[str] | None
    price: Decimal
    prices: list[ListedPrice] | None
    stocked: bool
    active: bool


@event("pos.variant_archived", category=Category.INTEGRATION, stream="variant:{variant_id}")
class VariantArchived(Event):
    """A variant was withdrawn: it is not sold any more. What was sold, and what is in stock, keeps naming it."""

    variant_id: UUID
    product_id: UUID
    sku: str
    title: str
    archived_at: datetime


@event("pos.product_archived", category=Category.INTEGRATION, stream="product:{product_id}")
class ProductArchived(Event):
    """A product was withdrawn, and all its variants with it: each of them has `pos.variant_archived`."""

    product_id: UUID
    name: str
    variant_ids: list[UUID]
    archived_at: datetime


@event("pos.price_changed", category=Category.INTEGRATION, stream="variant:{variant_id}")
class PriceChanged(Event):
    """The price of a variant is another one from now on, or from `valid_from` on.

    :param price_list_id: whose entry changed; null is the default list, of before the lists had ids.
    :param old: null where there was none. :param new: null where there is none any more.
    """

    variant_id: UUID
    sku: str
    price_list_id: UUID | None
    currency: str | None
    minimum_quantity: Decimal
    old: Decimal | None
    new: Decimal | None
    valid_from: datetime | None
