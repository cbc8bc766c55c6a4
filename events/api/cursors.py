"""Cursors at the API: how they are read from a query, shown in a page, and refused."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from events.epochs import Cursor
from events.horizon import CursorAhead, CursorExpired, CursorInvalid, CursorOfAnotherEpoch, read_cursor

WORD = "what `next_after`, `resume_after` or the id of a stream's event has given"


@extend_schema_field({"type": "string", "pattern": r"^([0-9]+-)?[0-9]+$"})
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


def _codes(*refusals: type[CursorInvalid | CursorAhead | CursorExpired | CursorOfAnotherEpoch]) -> str:
    return "; ".join(f"`{refusal.code}`: {refusal.title}" for refusal in refusals)


class CursorProblem(serializers.Serializer[Any]):
    """An RFC 9457 problem about a cursor."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    resume_after = ShownCursorField(
        required=False, help_text="Of `cursor-ahead` and `cursor-of-another-epoch`: give this as `after` to go on"
    )
    epoch = serializers.IntegerField(required=False, help_text="Of `cursor-of-another-epoch`: the log's epoch now")
    withdrawn_after = serializers.IntegerField(
        required=False,
        help_text="Of `cursor-of-another-epoch`: what was read after this position does not exist any more",
    )
    dropped_up_to = serializers.IntegerField(
        required=False, help_text="Of `cursor-expired`: the last position that is in archives only"
    )


PROBLEM = "application/problem+json"
CURSOR_PROBLEMS: dict[Any, Any] = {
    (400, PROBLEM): OpenApiResponse(CursorProblem, _codes(CursorInvalid)),
    (410, PROBLEM): OpenApiResponse(CursorProblem, _codes(CursorAhead, CursorExpired, CursorOfAnotherEpoch)),
}
