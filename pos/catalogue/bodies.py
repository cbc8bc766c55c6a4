"""What is sent of the catalogue."""

from typing import Any

from rest_framework import serializers

from kernel import limits
from kernel.gtins import SCALE_CODE
from pos.catalogue.models import Barcode
from web.commands import ApprovableBody
from web.fields import Choice, Code, Several, Text
from web.inputs import Body
from web.money import UnitPriceField


class ScaleBarcodeBody(Body):
    code = Code(SCALE_CODE, 7, help_text="The first 7 digits; how they begin, the shop's profile says")
    kind = Choice([Barcode.Kind.WEIGHT.value, Barcode.Kind.PRICE.value])


class CataloguePriceField(UnitPriceField):
    """A price in any currency: which one it has to have, the default list says."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("currency"), str):
            data = {**data, "currency": self.context["currency"]}
        return super().to_internal_value(data)


class ItemBody(ApprovableBody):
    renamed = {"tax_rate": "tax_name"}

    sku = Text(limits.CODE)
    name = Text(limits.NAME)
    price = CataloguePriceField(help_text="By the default list, in its currency")
    tax_name = Text(limits.TAX_NAME, source="tax_rate", help_text="The name of one of the shop's tax classes, or rates")
    stocked = serializers.BooleanField(default=True)
    barcodes = Several(
        Text(limits.CODE),
        limits.MOST_BARCODES,
        default=None,
        allow_null=True,
        help_text="All of them: those that are not here are removed. Left out, they stay",
    )
    scale_barcodes = Several(
        ScaleBarcodeBody(),
        limits.MOST_BARCODES,
        default=None,
        allow_null=True,
        help_text="All that carry a weight or a price, in the same way",
    )

    def to_internal_value(self, data: Any) -> Any:
        read = super().to_internal_value(data)
        return {**read, "currency": data["price"].get("currency", self.context["currency"])}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        twice = sorted({code for code, _ in attrs["scale_barcodes"] or ()} & set(attrs["barcodes"] or ()))
        if twice:
            message = f"{twice[0]} is in barcodes and in scale_barcodes: send it in one of them."
            raise serializers.ValidationError({"scale_barcodes": message})
        return attrs

    def validate_scale_barcodes(self, value: Any) -> Any:
        return value if value is None else [(each["code"], each["kind"]) for each in value]


MUG = {
    "sku": "MUG-01",
    "name": "Mug, blue",
    "price": {"amount": 1250, "currency": "EUR"},
    "tax_name": "Standard, included",
    "stocked": True,
    "barcodes": ["4006381333931"],
}
