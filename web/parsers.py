"""What is read of a request's body."""

import codecs
import json
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any, NoReturn

import msgspec
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from web.errors import ApiProblem


class BodyParser(JSONParser):
    """JSON that can be answered and stored: nested to a sane depth, every character whole, every member given once."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """:raises ParseError: when the body is no JSON, is nested too deeply, or holds half of a surrogate pair.
        :raises ApiProblem: when an object in it has a member twice: readers differ in which one they take.
        """
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            text = codecs.getreader(encoding)(stream).read()
            parsed = json.loads(text, parse_constant=_no_number, object_pairs_hook=_object)
            msgspec.json.encode(parsed)
        except RecursionError:
            message = "The JSON is nested too deeply."
            raise ParseError(message) from None
        except UnicodeEncodeError as error:
            message = f"The JSON holds half of a surrogate pair, {error.object[error.start]!a}, which is no text."
            raise ParseError(message) from None
        except ValueError as error:
            message = f"JSON parse error - {error}"
            raise ParseError(message) from None
        return parsed


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(members)
    if len(read) < len(members):
        ((name, _),) = Counter(name for name, _ in members).most_common(1)
        shown = name[:80].encode(errors="replace").decode()
        raise ApiProblem(400, "repeated-member", f"The member {shown!r} is given twice in one object.", member=shown)
    return read


def _no_number(name: str) -> NoReturn:
    message = f"{name} is not a JSON number."
    raise ValueError(message)
