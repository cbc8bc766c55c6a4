"""Fields that more than one resource has."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from django.utils import timezone
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from kernel import limits
from kernel.ids import is_version_7
from kernel.limits import LARGEST_QUANTITY, QUANTITY_DIGITS
from kernel.moments import CLOCK_TOLERANCE, EARLIEST, MomentInvalid, parse_moment, parse_reported, past_moment
from kernel.text import UNPRINTABLE, UNPRINTABLE_IN_LINES, without_personal
from kernel.validators import PlainText

VERSION_7 = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

QUANTITY = r"(100000000(\.0{1,3})?|[0-9]{1,8}(\.[0-9]{1,3})?)"
_QUANTITY = re.compile(f"-?{QUANTITY}")
PERCENT = r"(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)"
_PERCENT = re.compile(PERCENT, re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Text(serializers.CharField):
    """One line of text, at most so many characters, without control characters; blanks at its ends are dropped.

    :param optional: whether it may be left out, which is the same as an empty text.
    :param lines: whether it may have several lines.
    """

    def __init__(self, longest: int, *, optional: bool = False, lines: bool = False, **options: Any) -> None:
        if optional:
            options = {"required": False, "default": str, "allow_blank": True, **options}
        super().__init__(max_length=longest, **options)
        self.lines = lines
        self.validators.append(PlainText(lines=lines))

    def to_internal_value(self, data: Any) -> str:
        text: str = super().to_internal_value(data)
        return text.replace("\r\n", "\n") if self.lines else text


class Reference(Text):
    """What a card terminal or another system gave for a payment. It may be left out.

    It is published and never deleted: mail addresses and card numbers in it are masked. A payment that was taken is not
    refused for them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(limits.REFERENCE, optional=True, **options)

    def to_internal_value(self, data: Any) -> str:
        return without_personal(super().to_internal_value(data))[: limits.REFERENCE]


class Code(Text):
    """A text of a fixed form, such as a currency.

    :param form: a regular expression for all of it.
    """

    def __init__(self, form: str, longest: int, **options: Any) -> None:
        super().__init__(longest, **options)
        self.form = form
        self.validators.append(RegexValidator(rf"\A(?:{form})\Z", f"This has the form {form}."))


class TextSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = Text
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        mapped = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        refused = UNPRINTABLE_IN_LINES if self.target.lines else UNPRINTABLE
        least = {} if self.target.allow_blank else {"minLength": 1}
        form = f"^{self.target.form}$" if isinstance(self.target, Code) else f"^[^{refused}]*$"
        return {**mapped, **least, "pattern": form}


class ReceiptName(Text):
    """A receipt's number with its series, as it is printed; whether there is such a receipt is for whoever looks."""

    default_error_messages = {"receipt": "Write a receipt's number as it is printed: {example}."}
    form = re.compile(r".+-[A-Za-z]?[0-9]+", re.ASCII)

    def __init__(self, example: str, **options: Any) -> None:
        self.example = example
        super().__init__(limits.RECEIPT, required=False, help_text=f"As it is printed: `{example}`", **options)

    def run_validation(self, data: Any = empty) -> Any:
        """:raises ValidationError: when it does not look like a receipt's number."""
        text = super().run_validation(data)
        if not self.form.fullmatch(text):
            self.fail("receipt", example=self.example)
        return text


class Choice(serializers.ChoiceField):
    """One of a few words. What is none of them is answered with all of them."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        self.error_messages["invalid_choice"] = f"This is one of {', '.join(map(str, self.choices))}."


class MailAddress(serializers.EmailField):
    """A mail address that may be left out."""

    def __init__(self, **options: Any) -> None:
        options = {"required": False, "default": str, "allow_blank": True, **options}
        super().__init__(max_length=limits.MAIL_ADDRESS, **options)
        self.validators.append(PlainText())


class Url(serializers.URLField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=limits.URL, **options)
        self.validators.append(PlainText())


class Several(serializers.ListField):
    """A list of at most so many elements, none of which is looked at when there are more. Left out, it is empty."""

    def __init__(self, child: Any, most: int, **options: Any) -> None:
        super().__init__(child=child, max_length=most, **{"default": list, **options})

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) > (self.max_length or 0):
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class UUIDv7Field(serializers.UUIDField):
    """An id that the client makes: a UUIDv7, so that it is unique and sorts by time."""

    default_error_messages = {"version": "This must be a UUIDv7."}

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not is_version_7(value):
            self.fail("version")
        return value


class UUIDv7Schema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = UUIDv7Field

    def map_serializer_field(self, _auto_schema: Any, _direction: Any) -> Any:
        return {"type": "string", "format": "uuid", "pattern": VERSION_7, "description": "A UUIDv7"}


class QuantityField(serializers.DecimalField):
    """A quantity as a decimal string with at most three decimals, written as the document's pattern has it."""

    default_error_messages = {"invalid": 'A quantity is a string of digits, with at most three decimals: "1.5".'}

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "max_digits": QUANTITY_DIGITS,
                "decimal_places": 3,
                "min_value": Decimal("0.001"),
                "max_value": LARGEST_QUANTITY,
                **options,
            }
        )

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not _DECIMAL.fullmatch(data):
            self.fail("invalid")
        quantity: Decimal = super().to_internal_value(data)
        if not _QUANTITY.fullmatch(data):
            self.fail("invalid")
        return quantity


@extend_schema_field(
    {"type": "string", "pattern": f"^{PERCENT}$", "description": "Above 0, up to 100, with at most four decimals"}
)
class PercentField(serializers.Field):  # type: ignore[type-arg]
    default_error_messages = {
        "invalid": 'A percentage is a string, above 0 and up to 100, with at most four decimals: "12.5".'
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not _PERCENT.fullmatch(data) or not Decimal(data):
            self.fail("invalid")
        return Decimal(data)


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
            return self.accepted(self.parse(value))
        except MomentInvalid as invalid:
            raise serializers.ValidationError(str(invalid), "invalid") from None

    def parse(self, text: str) -> datetime:
        """:raises MomentInvalid: when it is not written as a moment."""
        return parse_moment(text)

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
    """The begin or end of a period that is asked for, which may not have come yet."""

    def accepted(self, moment: datetime) -> datetime:
        return moment


@extend_schema_field(
    {
        "type": "string",
        "format": "date-time",
        "description": "RFC 3339 with an offset, by the device's clock. Of what is not paid it is a moment from"
        f" {EARLIEST:%Y-%m-%d} on, and not in the future",
    }
)
class ReportedMomentField(MomentField):
    """When something happened by a device's clock, which may be wrong: a service judges it."""

    def parse(self, text: str) -> datetime:
        return parse_reported(text)

    def accepted(self, moment: datetime) -> datetime:
        return moment


class WholeNumber(serializers.IntegerField):
    """A whole number that a query asks for, written in digits."""

    default_error_messages = {"invalid": "This is a whole number in digits: 18."}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not data.isascii() or not data.isdigit():
            self.fail("invalid")
        return super().to_internal_value(data)


class QuantitySchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = QuantityField

    def map_serializer_field(self, _auto_schema: Any, _direction: Any) -> Any:
        sign = "-?" if self.target.min_value < 0 else ""
        meaning = f"A decimal with at most three decimals, not 0, at most {LARGEST_QUANTITY}"
        return {
            "type": "string",
            "format": "decimal",
            "pattern": f"^{sign}{QUANTITY}$",
            "description": meaning,
        }
