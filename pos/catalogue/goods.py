"""Goods: what a line of an order or of a return names, found in the catalogue."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from kernel.refusals import Refusal
from pos.catalogue.models import Barcode, Product, TaxRate, Variant
from pos.catalogue.queries import Name, variants_asked_for
from pos.memory.shop import Kind
from pos.pricing.rounding import scaled
from pos.pricing.taxes import RATE_DECIMALS, Rate


class LinesInvalid(Refusal):
    code = "validation-failed"
    title = "Validation failed"
    status = 422


@dataclass(frozen=True, kw_only=True)
class LineInput:
    """A line as it is asked for: a variant by one of its names, or a service with a description and a tax rate.

    :param tax_rate: the name of a tax rate, for a service.
    """

    id: UUID
    quantity: Decimal
    variant_id: UUID | None = None
    barcode: str = ""
    sku: str = ""
    description: str = ""
    tax_rate: str = ""

    @property
    def name(self) -> Name | None:
        """What the line names its variant by; nothing for a service."""
        if self.variant_id:
            return "id", self.variant_id
        if self.barcode:
            return "barcode", self.barcode
        return ("sku", self.sku) if self.sku else None


@dataclass(frozen=True, slots=True)
class Taxes:
    """The taxes of what is sold. :param inclusive: whether prices contain them."""

    rates: tuple[Rate, ...]
    inclusive: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Goods:
    """What a line sells, or takes back. :param price: of the catalogue, in minor units; None for a service."""

    variant_id: UUID | None
    sku: str
    description: str
    stocked: bool
    price: Decimal | None
    taxes: Taxes


GOODS: Kind[Name, Goods] = Kind(name="goods by name", models=(Variant, Product, TaxRate, Barcode))
TAXES: Kind[str, Taxes] = Kind(name="tax by name", models=(TaxRate,))


def find_goods(lines: Sequence[LineInput]) -> list[Goods]:
    """Find what each line names, in as many statements as there are kinds of names that are not remembered.

    :raises LinesInvalid: when lines name nothing that the shop sells; it points at each of them.
    """
    known = GOODS.recall({line.name for line in lines if line.name}, _load_goods)
    taxes = TAXES.recall({line.tax_rate for line in lines if not line.name}, _load_taxes)
    goods, errors = [], []
    for index, line in enumerate(lines):
        each = _variant(line, known.get(line.name)) if line.name else _service(line, taxes.get(line.tax_rate))
        if each is not None:
            goods.append(each)
        elif line.name:
            errors.append(_error(index, "unknown-variant", f"this shop sells no {line.name[1]}"))
        else:
            errors.append(_error(index, "unknown-tax-rate", f"this shop has no tax rate {line.tax_rate!r}"))
    if errors:
        raise LinesInvalid("; ".join(error["detail"] for error in errors[:3]), errors=errors)
    return goods


def _load_goods(names: Collection[Name]) -> dict[Name, Goods]:
    return {name: _goods(variant) for name, variant in variants_asked_for(names).items()}


def _load_taxes(names: Collection[str]) -> dict[str, Taxes]:
    return {rate.name: _taxes(rate) for rate in TaxRate.objects.filter(name__in=names)}


def _variant(line: LineInput, goods: Goods | None) -> Goods | None:
    return replace(goods, description=line.description) if goods and line.description else goods


def _service(line: LineInput, taxes: Taxes | None) -> Goods | None:
    if taxes is None:
        return None
    return Goods(variant_id=None, sku="", description=line.description, stocked=False, price=None, taxes=taxes)


def _goods(variant: Variant) -> Goods:
    return Goods(
        variant_id=variant.id,
        sku=variant.sku,
        description=variant.title,
        stocked=variant.stocked,
        price=Decimal(variant.price),
        taxes=_taxes(variant.product.tax_rate),
    )


def _taxes(of: TaxRate) -> Taxes:
    rate = Rate(sequence=1, code=of.name, rate=scaled(of.rate, RATE_DECIMALS), name=of.name)
    return Taxes(rates=(rate,), inclusive=of.inclusive)


def _error(index: int, code: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/lines/{index}", "code": code, "detail": detail}
