"""Lines of an order: what the terminal asks for, found in the catalogue and priced."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from kernel.ids import new_id
from kernel.refusals import Refusal
from pos.catalogue.models import TaxRate, Variant
from pos.catalogue.queries import variants_asked_for
from pos.orders.models import OrderLine
from pos.pricing import Tax, price_line


class LinesInvalid(Refusal):
    code = "validation-failed"
    title = "Validation failed"
    status = 422


@dataclass(frozen=True, kw_only=True)
class OrderLineInput:
    """A line as the terminal asks for it: a variant of the catalogue, or a service with its own description.

    :param unit_price: minor units; None for the catalogue's price.
    :param tax_rate: the name of a tax rate, for a service.
    """

    id: UUID
    quantity: Decimal
    variant_id: UUID | None = None
    barcode: str = ""
    sku: str = ""
    description: str = ""
    unit_price: int | None = None
    tax_rate: str = ""


def priced_rows(order_id: UUID, lines: Sequence[OrderLineInput]) -> list[OrderLine]:
    found = variants_asked_for(
        ids={line.variant_id for line in lines if line.variant_id},
        barcodes={line.barcode for line in lines if line.barcode},
        skus={line.sku for line in lines if line.sku},
    )
    tax_rates = {rate.name: rate for rate in TaxRate.objects.filter(name__in={line.tax_rate for line in lines})}
    rows, errors = [], []
    for index, line in enumerate(lines):
        variant = found.of(variant_id=line.variant_id, barcode=line.barcode, sku=line.sku)
        tax_rate = variant.product.tax_rate if variant else tax_rates.get(line.tax_rate)
        if line.variant_id or line.barcode or line.sku:
            if variant is None:
                asked = line.variant_id or line.barcode or line.sku
                errors.append(_error(index, "unknown-variant", f"this shop sells no {asked}"))
                continue
        elif tax_rate is None:
            errors.append(_error(index, "unknown-tax-rate", f"this shop has no tax rate {line.tax_rate!r}"))
            continue
        assert tax_rate is not None
        rows.append(_row(order_id, index + 1, line, variant, tax_rate))
    if errors:
        raise LinesInvalid("; ".join(error["detail"] for error in errors[:3]), errors=errors)
    return rows


def _error(index: int, code: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/lines/{index}", "code": code, "detail": detail}


def _row(order_id: UUID, number: int, line: OrderLineInput, variant: Variant | None, tax_rate: TaxRate) -> OrderLine:
    unit_price = line.unit_price if line.unit_price is not None else variant.price if variant else 0
    tax = Tax(name=tax_rate.name, rate=tax_rate.rate, inclusive=tax_rate.inclusive)
    priced = price_line(quantity=line.quantity, unit_price=unit_price, tax=tax)
    return OrderLine(
        id=line.id or new_id(),
        order_id=order_id,
        number=number,
        variant_id=variant.id if variant else None,
        sku=variant.sku if variant else "",
        description=line.description or (variant.title if variant else ""),
        stocked=bool(variant and variant.stocked),
        quantity=line.quantity,
        unit_price=unit_price,
        tax_name=tax.name,
        tax_rate=tax.rate,
        tax_inclusive=tax.inclusive,
        tax_total=priced.tax_total,
        total=priced.total,
    )
