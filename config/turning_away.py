"""Requests that are answered before Django sees them: by a problem, whatever host is asked."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from web.errors import CONTENT_TYPE, problem

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

REASONS = {400: "Bad Request", 411: "Length Required", 413: "Content Too Large", 503: "Service Unavailable"}


def turn_away(
    environ: Environ, start_response: StartResponse, status: int, code: str, detail: str, **members: Any
) -> list[bytes]:
    """Answer a WSGI request by a problem. :param members: as `problem` takes them; `retry_after` is a header, too."""
    path = environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace")
    body = json.dumps(problem(status, code, detail, path, **members)).encode()
    headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
    if "retry_after" in members:
        headers.append(("Retry-After", str(members["retry_after"])))
    start_response(f"{status} {REASONS[status]}", headers)
    return [body]
