"""Cursors at the API: how they are read from a query, shown in a page, and refused."""

from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from events.contracts.public_types import TypesUnknown, require_types
from events.log.epochs import Cursor
from events.log.horizon import CursorAhead, CursorExpired, CursorInvalid, CursorOfAnotherEpoch, read_cursor
from web.fields import Text

LONGEST_TYPES = 2500
"""Characters. A request line takes them with every one percent-encoded."""
TYPES = r"^[A-Za-z0-9_.,\-]*$"
CURSOR = "^([0-9]{1,20}-)?[0-9]{1,20}$"
WORD = "what `next_after`, `resume_after` or the id of a stream's event has given"


@extend_schema_field({"type": "string", "pattern": CURSOR})
class CursorField(serializers.Field[Cursor, str, int | str, Any]):
    """:raises CursorInvalid: when what was sent is no cursor."""

    def get_value(self, dictionary: Any) -> Any:
        """Take an empty text for a cursor that is none, not for one that was left out."""
        return dictionary.get(self.field_name, empty)

    def to_internal_value(self, data: str) -> Cursor:
        return read_cursor(data)

    def to_representation(self, value: Cursor) -> int | str:
        return value.shown


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class ShownCursorField(serializers.Field[Cursor, str, int | str, Any]):
    """A number in the first epoch, a text from the second on."""

    def to_representation(self, value: Cursor) -> int | str:
        return value.shown


class TypesField(Text):
    """Type names, separated by commas: a list of them; an empty text is no list, which is all types.

    :raises TypesUnknown: when a name is none of an event for consumers.
    """

    def __init__(self) -> None:
        super().__init__(LONGEST_TYPES, optional=True, help_text="Type names, separated by commas; empty for all")
        self.validators.append(RegexValidator(TYPES, "Names of types have letters, digits, dots, _ and -."))

    def run_validation(self, data: Any = empty) -> Any:
        names = [name for name in super().run_validation(data).split(",") if name]
        require_types(names)
        return names


class TypesSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = TypesField
    priority = 1

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        mapped = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        return {**mapped, "pattern": TYPES}


FEED_REFUSALS = (TypesUnknown, CursorInvalid, CursorAhead, CursorExpired, CursorOfAnotherEpoch)
