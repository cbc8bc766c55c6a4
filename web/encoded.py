"""Answers that are JSON already: they are sent as they are."""

import hashlib
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
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


def tagged_answer(request: Request, answer: Response) -> Response:
    """Name what is answered by an ETag, and answer 304 without it to who has it already."""
    body = encoded(answer.data)
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
    held = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    if held & {headers["ETag"], "*"}:
        return Response(status=304, headers=headers)
    return Encoded(body, headers=headers)
