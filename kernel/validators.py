"""Validators that models, fields of the API and of the admin's forms share."""

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible

from kernel.currencies import SUPPORTED, exponent, is_listed
from kernel.regions import timezones
from kernel.text import find_control_character


@deconstructible
class PlainText:
    """Refuses control characters: a receipt printer, a mail or a table would take them for commands.

    :param lines: whether line feeds and tabulators may stand in the text.
    """

    code = "control-character"

    def __init__(self, *, lines: bool = False) -> None:
        self.lines = lines

    def __call__(self, value: object) -> None:
        """:raises ValidationError: when the text holds a control character."""
        text = str(value).replace("\r\n", "\n") if self.lines else str(value)
        found = find_control_character(text, lines=self.lines)
        if found is not None:
            message = f"The text holds the control character U+{ord(found):04X}: take it out."
            raise ValidationError(message, code=self.code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlainText) and other.lines == self.lines

    def __hash__(self) -> int:
        return hash(self.lines)


def validate_currency(code: str) -> None:
    """:raises ValidationError: when ISO 4217 does not list it, or with more decimals than are kept here."""
    if not is_listed(code):
        message = f"{code!r} is not a currency in use: write its ISO 4217 code in capitals, such as EUR"
        raise ValidationError(message, "unknown")
    if exponent(code) not in SUPPORTED:
        message = f"amounts of {code} have {exponent(code)} decimals: only currencies with 0, 2 or 3 are supported"
        raise ValidationError(message, "unsupported")


def validate_timezone(name: str) -> None:
    """:raises ValidationError: when IANA has no such time zone."""
    if name not in timezones():
        message = f"{name!r} is not a time zone: write its IANA name, such as Europe/Berlin"
        raise ValidationError(message, "unknown")
