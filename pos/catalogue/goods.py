"""Goods: what a line of an order or of a return names, found in the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from kernel.refusals import Refusal
from pos.catalogue.models import TaxRate, Variant
from pos.catalogue.queries import Found, variants_asked_for
from pos.pricing import Tax


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
    def names(self) -> UUID | str | None:
        """What the line names its variant by; nothing for a service."""
        return self.variant_id or self.barcode or self.sku or None


@dataclass(frozen=True, kw_only=True)
class Goods:
    """What a line sells, or takes back. :param price: of the catalogue, in minor units; 0 for a service."""

    variant_id: UUID | None
    sku: str
    description: str
    stocked: bool
    price: int
    tax: Tax


def find_goods(lines: Sequence[LineInput]) -> list[Goods]:
    """Find what each line names, in as many statements as there are kinds of names.

    :raises LinesInvalid: when lines name nothing that the shop sells; it points at each of them.
    """
    found = variants_asked_for(
        ids={line.variant_id for line in lines if line.variant_id},
        barcodes={line.barcode for line in lines if line.barcode},
        skus={line.sku for line in lines if line.sku},
    )
    tax_rates = _tax_rates({line.tax_rate for line in lines if not line.names})
    goods, errors = [], []
    for index, line in enumerate(lines):
        each = _variant(line, found) if line.names else _service(line, tax_rates)
        if each is not None:
            goods.append(each)
        elif line.names:
            errors.append(_error(index, "unknown-variant", f"this shop sells no {line.names}"))
        else:
            errors.append(_error(index, "unknown-tax-rate", f"this shop has no tax rate {line.tax_rate!r}"))
    if errors:
        raise LinesInvalid("; ".join(error["detail"] for error in errors[:3]), errors=errors)
    return goods


def _tax_rates(names: set[str]) -> dict[str, TaxRate]:
    return {rate.name: rate for rate in TaxRate.objects.filter(name__in=names)} if names else {}


def _variant(line: LineInput, found: Found) -> Goods | None:
    variant: Variant | None = found.of(variant_id=line.variant_id, barcode=line.barcode, sku=line.sku)
    if variant is None:
        return None
    return Goods(
        variant_id=variant.id,
        sku=variant.sku,
        description=line.description or variant.title,
        stocked=variant.stocked,
        price=variant.price,
        tax=_tax(variant.product.tax_rate),
    )


def _service(line: LineInput, tax_rates: dict[str, TaxRate]) -> Goods | None:
    tax_rate = tax_rates.get(line.tax_rate)
    if tax_rate is None:
        return None
    return Goods(variant_id=None, sku="", description=line.description, stocked=False, price=0, tax=_tax(tax_rate))


def _tax(tax_rate: TaxRate) -> Tax:
    return Tax(name=tax_rate.name, rate=tax_rate.rate, inclusive=tax_rate.inclusive)


def _error(index: int, code: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/lines/{index}", "code": code, "detail": detail}
