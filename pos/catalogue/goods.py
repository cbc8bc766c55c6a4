"""Goods: what a line of an order or of a return names, found in the catalogue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from kernel.gtins import is_misread
from kernel.refusals import Refusal
from pos.catalogue.models import Barcode, Category, Product, Variant
from pos.catalogue.queries import Found, Name, Scan, read_scan, variants_asked_for, withdrawn_asked_for
from pos.memory.shop import Kind
from pos.prices.models import PriceEntry
from pos.prices.queries import steps_of
from pos.pricing.lists import Step
from pos.taxes.models import TaxClass, TaxRate, TaxRule
from pos.taxes.rules import Rule, Taxes, taxes_named


class LinesInvalid(Refusal):
    code = "validation-failed"
    title = "Validation failed"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the till knew of the goods when it sold them.

    :param unit_price: minor units. :param taxes: those that it charged; None where it does not say.
    """

    description: str
    unit_price: Decimal
    taxes: tuple[Rule, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class LineInput:
    """A line as it is asked for: a variant by one of its names, or a service with a description and its taxes.

    :param tax_rate: the name of a tax class or rate, for a service.
    """

    id: UUID
    quantity: Decimal
    variant_id: UUID | None = None
    barcode: str = ""
    sku: str = ""
    description: str = ""
    tax_rate: str = ""
    snapshot: Snapshot | None = None

    @property
    def name(self) -> Name | None:
        """What the line names its variant by; nothing for a service."""
        if self.variant_id:
            return "id", self.variant_id
        if self.barcode:
            return "barcode", self.barcode
        return ("sku", self.sku) if self.sku else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Goods:
    """What a line sells, or takes back.

    :param steps: its prices by all price lists; none for a service.
    :param per_scan: what a quantity of one stands for: 6 of a pack, 1.234 of a barcode that carries a weight.
    :param weighed: whether the barcode of a scale carries its weight, or its price.
    :param carried_price: by that barcode, in minor units.
    :param is_withdrawn: whether the shop does not sell it any more. :param is_unknown: whether it never did.
    """

    variant_id: UUID | None
    sku: str
    description: str
    stocked: bool
    taxes: Taxes
    steps: tuple[Step, ...] = ()
    per_scan: Decimal = Decimal(1)
    weighed: bool = False
    carried_price: Decimal | None = None
    category: str | None = None
    is_withdrawn: bool = False
    is_unknown: bool = False


GOODS: Kind[Name, Goods] = Kind(
    name="goods by name", models=(Variant, Product, Category, Barcode, PriceEntry, TaxClass, TaxRule, TaxRate)
)


def find_goods(lines: Sequence[LineInput], *, sold: bool = False) -> list[Goods]:
    """Find what each line names, in as many statements as there are kinds of names that are not remembered.

    :param sold: whether the goods are paid for: then withdrawn ones are found as well, and what the shop does not know
        is taken from the line's snapshot.
    :raises LinesInvalid: when lines name nothing that the shop sells; it points at each of them.
    """
    scans = {line.barcode: read_scan(line.barcode) for line in lines if line.name and line.name[0] == "barcode"}
    names = [_name(line, scans) for line in lines]
    known = GOODS.recall({name for name in names if name}, _load_goods)
    if sold and (missing := {name for name in names if name and name not in known}):
        known = {**known, **_load_withdrawn(missing)}
    taxes = taxes_named({line.tax_rate for line in lines if not line.name})
    goods, errors = [], []
    for index, (line, name) in enumerate(zip(lines, names, strict=True)):
        scan = scans.get(line.barcode)
        each = _variant(line, known.get(name), scan) if name else _service(line, taxes.get(line.tax_rate))
        if each is None and sold:
            each = _unknown(line)
        if each is not None and scan is not None and scan.is_empty:
            errors.append(error_at(index, "barcode-empty", f"the barcode {line.barcode} carries nothing: weigh again"))
        elif each is not None:
            goods.append(each)
        elif line.name:
            errors.append(error_at(index, "unknown-variant", unknown_name(line.name[0], str(line.name[1]))))
        else:
            errors.append(error_at(index, "unknown-tax-rate", f"this shop has no tax rate {line.tax_rate!r}"))
    require_none(errors)
    return goods


def unknown_name(kind: str, text: str) -> str:
    """Say that the shop sells nothing of a name. :param kind: `barcode`, `sku` or `id`."""
    misread = kind == "barcode" and is_misread(text)
    why = ": its last digit is not its check digit, so it was misread or mistyped" if misread else ""
    return f"this shop sells no {text}{why}"


def _load_goods(names: Collection[Name]) -> dict[Name, Goods]:
    return _goods_of(variants_asked_for(names))


def _load_withdrawn(names: Collection[Name]) -> dict[Name, Goods]:
    return {name: replace(goods, is_withdrawn=True) for name, goods in _goods_of(withdrawn_asked_for(names)).items()}


def _goods_of(found: Mapping[Name, Found]) -> dict[Name, Goods]:
    taxes = taxes_named({each.variant.product.tax_name for each in found.values()})
    steps = steps_of({each.variant.id for each in found.values()}) if found else {}
    return {
        name: _goods(each, taxes[each.variant.product.tax_name], steps[each.variant.id]) for name, each in found.items()
    }


def _unknown(line: LineInput) -> Goods | None:
    """Make goods of what the till knew of them; they are in no stock."""
    known = line.snapshot
    if known is None or not known.taxes:
        return None
    return Goods(
        variant_id=None,
        sku=line.sku,
        description=line.description or known.description,
        stocked=False,
        taxes=Taxes(name="", rules=known.taxes),
        is_unknown=True,
    )


def _name(line: LineInput, scans: Mapping[str, Scan]) -> Name | None:
    """Say what the goods of a line are remembered by: of a scale's barcode, what is fixed of it."""
    scan = scans.get(line.barcode)
    return ("barcode", scan.code) if scan is not None else line.name


def _variant(line: LineInput, goods: Goods | None, scan: Scan | None) -> Goods | None:
    if goods is None:
        return None
    if line.description:
        goods = replace(goods, description=line.description)
    if scan is not None and scan.quantity is not None:
        goods = replace(goods, per_scan=scan.quantity, weighed=True)
    if scan is not None and scan.price is not None:
        goods = replace(goods, carried_price=Decimal(scan.price), weighed=True)
    return goods


def _service(line: LineInput, taxes: Taxes | None) -> Goods | None:
    if taxes is None:
        return None
    return Goods(variant_id=None, sku="", description=line.description, stocked=False, taxes=taxes)


def _goods(found: Found, taxes: Taxes, steps: tuple[Step, ...]) -> Goods:
    variant = found.variant
    return Goods(
        variant_id=variant.id,
        sku=variant.sku,
        description=variant.title,
        stocked=variant.stocked,
        taxes=taxes,
        steps=steps,
        per_scan=found.per_scan,
        category=variant.product.category.name if variant.product.category else None,
    )


def require_none(errors: list[dict[str, str]]) -> None:
    """:raises LinesInvalid: when there are errors; it names them, each at its line."""
    if errors:
        raise LinesInvalid("; ".join(error["detail"] for error in errors[:3]), errors=errors)


def error_at(index: int, code: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/lines/{index}", "code": code, "detail": detail}
