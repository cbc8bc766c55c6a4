"""An application that answers with what it was sent, after the entrance of the web processes."""

from collections.abc import Callable
from typing import Any

from config.entrance import Entrance


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


application = Entrance(echo)
