"""What every request passes before Django sees it: its charset can be read, and its body comes whole and in bounds."""

import codecs
import io
from collections.abc import Iterable

from django.utils.http import parse_header_parameters
from gunicorn.http.errors import ParseException

from config.turning_away import Application, Environ, StartResponse, turn_away
from kernel.limits import LARGEST_BODY

CHARSETS = frozenset({"utf-8", "ascii"})
TOO_LARGE = f"A body has at most {LARGEST_BODY} bytes: send less at once."


class TurnedAway(Exception):
    """A request that Django could not read, or would read as another one."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


class Entrance:
    """A WSGI application around another one; what it turns away is answered by a problem, whatever host is asked.

    Django reads a request as empty that has no Content-Length, and breaks at a charset that is none of text. So a
    body in chunks is read here, as much as a body may have, and handed on with its length.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            _require_charset(environ.get("CONTENT_TYPE", ""))
            _require_body(environ)
        except TurnedAway as error:
            return turn_away(environ, start_response, error.status, error.code, str(error))
        return self.application(environ, start_response)


def _require_charset(content_type: str) -> None:
    try:
        _, parameters = parse_header_parameters(content_type)
    except ValueError as error:
        detail = f"The Content-Type {content_type[:80]!a} cannot be read ({error}): send its parameters in plain ASCII."
        raise TurnedAway(400, "unsupported-charset", detail) from None
    charset = parameters.get("charset", "utf-8")
    try:
        readable = codecs.lookup(charset).name in CHARSETS
    except (LookupError, ValueError):
        readable = False
    if not readable:
        raise TurnedAway(400, "unsupported-charset", f"The charset {charset[:40]!r} cannot be read here: send UTF-8.")


def _require_body(environ: Environ) -> None:
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > LARGEST_BODY:
            raise TurnedAway(413, "body-too-large", TOO_LARGE)
        return
    if "HTTP_TRANSFER_ENCODING" not in environ:
        return
    if not environ.get("wsgi.input_terminated"):
        raise TurnedAway(411, "length-required", "This server needs the Content-Length of a body.")
    try:
        body = environ["wsgi.input"].read(LARGEST_BODY + 1)
    except ParseException as error:
        raise TurnedAway(400, "malformed-body", f"The chunks of the body cannot be read: {error}") from None
    if len(body) > LARGEST_BODY:
        raise TurnedAway(413, "body-too-large", TOO_LARGE)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
    del environ["HTTP_TRANSFER_ENCODING"]
