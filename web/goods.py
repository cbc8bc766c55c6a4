"""Goods that a line of a request names: by a variant's id, a barcode or an SKU, and by one of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers

from kernel import limits
from kernel.money import QUANTITY_STEP
from kernel.refusals import Refusal
from web.fields import Text
from web.inputs import Body

NAMES = ("variant_id", "barcode", "sku")
Name = tuple[str, str]
"""`barcode` or `sku`, and the text."""


class GoodsUnknown(Refusal):
    """Lines name nothing that the shop sells. `errors` points at each of them."""

    code = "validation-failed"
    title = "Validation failed"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Found:
    """:param per_scan: the quantity that one scan stands for: 6 of a pack, 1.234 of a barcode that carries a weight."""

    variant_id: UUID
    per_scan: Decimal = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class NotFound:
    """:param code: and `detail`: why nothing is found."""

    code: str
    detail: str


Finder = Callable[[Sequence[Name]], Sequence[Found | NotFound]]
_finders: list[Finder] = []


def find_goods_with(finder: Finder) -> None:
    _finders[:] = [finder]


class GoodsBody(Body):
    """A line that names goods. `otherwise` is what it may name in their place, where `names_otherwise` says so."""

    otherwise: ClassVar[str] = ""

    variant_id = serializers.UUIDField(required=False)
    barcode = Text(limits.CODE, optional=True)
    sku = Text(limits.CODE, optional=True)

    def names_otherwise(self, _attrs: Mapping[str, Any]) -> bool:
        return False

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in NAMES if attrs.get(name)]
        if len(named) > 1:
            message = f"Name the goods once, not by {' and '.join(named)}."
            raise serializers.ValidationError(message)
        if not named and not self.names_otherwise(attrs):
            message = f"Name a variant_id, barcode or sku{self.otherwise}."
            raise serializers.ValidationError(message)
        return attrs


def with_variants(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of a `GoodsBody` with the `variant_id` of what they name, and the quantity in pieces.

    :raises GoodsUnknown: when lines name nothing that the shop sells, or come to nothing; it points at each of them.
    """
    names = [next(((name, line[name]) for name in ("barcode", "sku") if line.get(name)), None) for line in lines]
    (finder,) = _finders
    found = iter(finder([name for name in names if name]))
    of_lines = [
        next(found) if name else Found(variant_id=line["variant_id"]) for name, line in zip(names, lines, strict=True)
    ]
    errors, read = [], []
    for index, (line, goods) in enumerate(zip(lines, of_lines, strict=True)):
        if isinstance(goods, NotFound):
            errors.append({"pointer": f"/lines/{index}", "code": goods.code, "detail": goods.detail})
            continue
        quantity = (line["quantity"] * goods.per_scan).quantize(QUANTITY_STEP, ROUND_HALF_UP)
        if not quantity:
            detail = f"{line['quantity']} of what the barcode carries is less than 0.001"
            errors.append({"pointer": f"/lines/{index}/quantity", "code": "quantity-too-small", "detail": detail})
        others = {name: value for name, value in line.items() if name not in NAMES}
        read.append({**others, "variant_id": goods.variant_id, "quantity": quantity})
    if errors:
        raise GoodsUnknown("; ".join(error["detail"] for error in errors[:3]), errors=errors)
    return read
