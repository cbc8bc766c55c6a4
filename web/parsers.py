"""What is read of a request's body."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BodyParser(JSONParser):
    """JSON that can be answered and stored: nested to a sane depth, every character whole."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """:raises ParseError: when the body is no JSON, is nested too deeply, or holds half of a surrogate pair."""
        try:
            parsed = super().parse(stream, media_type, parser_context)
            msgspec.json.encode(parsed)
        except RecursionError:
            message = "The JSON is nested too deeply."
            raise ParseError(message) from None
        except UnicodeEncodeError as error:
            message = f"The JSON holds half of a surrogate pair, {error.object[error.start]!a}, which is no text."
            raise ParseError(message) from None
        return parsed
