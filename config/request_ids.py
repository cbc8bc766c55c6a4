"""A request's id: taken from `X-Request-Id` or made, before anything may turn the request away; every answer has it."""

import uuid
from collections.abc import Iterable
from typing import Any

from config.turning_away import Application, Environ, StartResponse

HEADER = "X-Request-Id"


class RequestIds:
    """A WSGI application around another one, which finds the id in the header of its request."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request_id = str(request_id_of(environ.get("HTTP_X_REQUEST_ID", "")))
        environ["HTTP_X_REQUEST_ID"] = request_id

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            others = [(name, value) for name, value in headers if name.lower() != HEADER.lower()]
            return start_response(status, [*others, (HEADER, request_id)], *error)

        return self.application(environ, start)


def request_id_of(given: str) -> uuid.UUID:
    """Read the id that a client gave, or make one."""
    try:
        return uuid.UUID(given)
    except ValueError:
        return uuid.uuid4()
