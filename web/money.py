"""Money on the wire: `{"amount": 1250, "currency": "EUR"}`, the amount in minor units."""

import re
from decimal import Decimal
from typing import Any, Self

import msgspec
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from msgspec import UNSET, UnsetType
from rest_framework import serializers

from kernel.limits import LARGEST_AMOUNT
from kernel.money import written

PRICE = r"(1000000000000(\.0{1,6})?|[0-9]{1,12}(\.[0-9]{1,6})?)"
_PRICE = re.compile(PRICE, re.ASCII)


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount of minor units, as it is answered."""

    amount: int
    currency: str


class UnitPrice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The price of one unit: whole minor units, or a decimal string of them in place of `amount`."""

    amount: int | UnsetType = UNSET
    amount_decimal: str | UnsetType = UNSET
    currency: str

    @classmethod
    def of(cls, value: Decimal, currency: str) -> Self:
        whole = int(value)
        if whole == value:
            return cls(amount=whole, currency=currency)
        return cls(amount_decimal=written(value), currency=currency)


class MoneyField(serializers.Field):  # type: ignore[type-arg]
    """An amount of minor units; the currency is the terminal's, and one that is given must agree with it.

    `context["currency"]` holds the terminal's currency; a row with a currency is an `InOwnCurrency`.
    """

    default_error_messages = {
        "shape": 'Money is an object {{"amount": minor units, "currency": code}}.',
        "amount": "The amount is a whole number of minor units between {lowest} and {highest}.",
        "currency-mismatch": "This till works in {expected}, not in {given}.",
    }

    def __init__(self, *, lowest: int = 0, **options: Any) -> None:
        self.lowest = lowest
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, dict) or not set(data) <= {"amount", "currency"}:
            self.fail("shape")
        amount = data.get("amount")
        if type(amount) is not int or not self.lowest <= amount <= LARGEST_AMOUNT:
            self.fail("amount", lowest=self.lowest, highest=LARGEST_AMOUNT)
        expected = self.context["currency"]
        given = data.get("currency", expected)
        if given != expected:
            self.fail("currency-mismatch", expected=expected, given=f"{given!s:.20}")
        return amount

    def to_representation(self, value: int) -> dict[str, Any]:
        return money(value, self.context["currency"])


class UnitPriceField(MoneyField):
    """A price of one unit: `amount` in whole minor units, or `amount_decimal`, a string with at most six decimals."""

    default_error_messages = {
        "shape": 'A price is an object {{"amount": minor units, "currency": code}}, or with "amount_decimal" in the'
        " place of amount.",
        "amount_decimal": "The amount_decimal is a string of minor units, up to {highest}, with at most six decimals.",
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict) or "amount_decimal" not in data:
            return Decimal(super().to_internal_value(data))
        if "amount" in data:
            self.fail("shape")
        text = data["amount_decimal"]
        if not isinstance(text, str) or not _PRICE.fullmatch(text) or Decimal(text) > LARGEST_AMOUNT:
            self.fail("amount_decimal", highest=LARGEST_AMOUNT)
        others = {name: value for name, value in data.items() if name != "amount_decimal"}
        super().to_internal_value({"amount": self.lowest, **others})
        return Decimal(text)

    def to_representation(self, value: Any) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.to_builtins(UnitPrice.of(value, self.context["currency"]))
        return shown


class UnitPriceSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = UnitPriceField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        whole: dict[str, Any] = {"type": "integer", "format": "int64", "description": "Minor units"}
        parts: dict[str, Any] = {
            "type": "string",
            "pattern": f"^{PRICE}$",
            "description": "Minor units with a fraction, in the place of `amount`",
        }
        name, meaning = "UnitPrice", "ISO 4217"
        if direction == "request":
            whole |= {"minimum": 0, "maximum": LARGEST_AMOUNT}
            name, meaning = "UnitPriceInput", "ISO 4217; the shop's own when left out"
        currency = {"type": "string", "pattern": "^[A-Z]{3}$", "description": meaning}
        given = [] if direction == "request" else ["currency"]
        schema: dict[str, Any] = {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {member: kind, "currency": currency},
                    "required": [member, *given],
                    "additionalProperties": False,
                }
                for member, kind in (("amount", whole), ("amount_decimal", parts))
            ]
        }
        component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
        auto_schema.registry.register_on_missing(component)
        return component.ref


class MoneySchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Three components: what is answered, what is sent, and what is sent where nothing is no amount."""

    target_class = MoneyField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        amount: dict[str, Any] = {"type": "integer", "format": "int64", "description": "Minor units"}
        name, required, meaning = "Money", ["amount", "currency"], "ISO 4217"
        if direction == "request":
            amount |= {"minimum": self.target.lowest, "maximum": LARGEST_AMOUNT}
            name, required = "PositiveMoneyInput" if self.target.lowest else "MoneyInput", ["amount"]
            meaning += "; the shop's own when left out"
        currency = {"type": "string", "pattern": "^[A-Z]{3}$", "description": meaning}
        properties = {"amount": amount, "currency": currency}
        schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
        if direction == "request":
            schema["additionalProperties"] = False
        component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
        auto_schema.registry.register_on_missing(component)
        return component.ref


def money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


class InOwnCurrency:
    """A serializer of rows that have a `currency`: their amounts, and those nested in them, are shown in it."""

    def to_representation(self, row: Any) -> Any:
        self.context["currency"] = row.currency  # type: ignore[attr-defined]
        return super().to_representation(row)  # type: ignore[misc]
