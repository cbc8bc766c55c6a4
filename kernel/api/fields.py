"""Fields that more than one resource has."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kernel.ids import is_version_7
from kernel.moments import CLOCK_TOLERANCE, EARLIEST, MomentInvalid, parse_moment, past_moment

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


@extend_schema_field(
    {
        "type": "string",
        "format": "date-time",
        "description": f"RFC 3339 with an offset, from {EARLIEST:%Y-%m-%d} on, and not in the future:"
        f" the clock may be {CLOCK_TOLERANCE.seconds // 60} minutes fast",
    }
)
class MomentField(serializers.DateTimeField):
    """When something happened, by the client's clock; see `kernel.moments`."""

    default_error_messages = {"type": "A moment is a string, as 2026-11-23T12:00:00Z."}

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("type")
        try:
            return self.accepted(parse_moment(value))
        except MomentInvalid as invalid:
            raise serializers.ValidationError(str(invalid), "invalid") from None

    def accepted(self, moment: datetime) -> datetime:
        """:raises MomentInvalid: when it cannot have happened."""
        return past_moment(moment, now=timezone.now())


@extend_schema_field(
    {
        "type": "string",
        "format": "date-time",
        "description": f"RFC 3339 with an offset, from {EARLIEST:%Y-%m-%d} on; may be in the future",
    }
)
class PeriodEndField(MomentField):
    """The end of a period that is asked for, which may not have come yet."""

    def accepted(self, moment: datetime) -> datetime:
        return moment
