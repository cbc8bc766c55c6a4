"""Validators that fields of the API and of the admin's forms share."""

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible

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
