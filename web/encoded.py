"""Answers that are JSON already: they are sent as they are."""

from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response


class Encoded(Response):
    """An answer whose bytes are given."""

    def __init__(self, body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(None, status=status, headers=headers)
        self.body = body

    @property
    def rendered_content(self) -> Any:
        self["Content-Type"] = JSONRenderer.media_type
        return self.body


def encoded(data: Any) -> bytes:
    """Write what a serializer has made as JSON. Bytes are JSON already."""
    if isinstance(data, bytes):
        return data
    written: bytes = JSONRenderer().render(data)
    return written
