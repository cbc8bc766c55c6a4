"""Money on the wire: `{"amount": 1250, "currency": "EUR"}`, the amount in minor units."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

LARGEST_AMOUNT = 10**12


SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "integer", "description": "Minor units"},
        "currency": {"type": "string", "description": "ISO 4217; the shop's own when left out"},
    },
    "required": ["amount"],
}


@extend_schema_field(SCHEMA)
class MoneyField(serializers.Field):  # type: ignore[type-arg]
    """An amount of minor units; the currency is the shop's, and one that is given must agree with it.

    `context["currency"]` holds the shop's currency.
    """

    default_error_messages = {
        "shape": 'Money is an object {{"amount": minor units, "currency": code}}.',
        "amount": "The amount is a whole number of minor units between {lowest} and {highest}.",
        "currency": "This shop works in {expected}, not in {given}.",
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
            self.fail("currency", expected=expected, given=given)
        return amount

    def to_representation(self, value: int) -> dict[str, Any]:
        return money(value, self.context["currency"])


def money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}
