"""Fields that more than one resource has."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from kernel.ids import is_version_7

LARGEST_QUANTITY = Decimal(10**8)


class UUIDv7Field(serializers.UUIDField):
    """An id that the client makes: a UUIDv7, so that it is unique and sorts by time."""

    default_error_messages = {"version": "This must be a UUIDv7."}

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not is_version_7(value):
            self.fail("version")
        return value


class QuantityField(serializers.DecimalField):
    """A quantity as a decimal string with at most three decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "max_digits": 14,
                "decimal_places": 3,
                "min_value": Decimal("0.001"),
                "max_value": LARGEST_QUANTITY,
                **options,
            }
        )
