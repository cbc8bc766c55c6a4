"""The API's document: made once in a process, and the same for every shop."""

import hashlib
import json
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator

from config.errors import answer

URLCONF = "config.urls"
VERSION = "v1"
MEDIA_TYPE = "application/vnd.oai.openapi+json"


def document() -> dict[str, Any]:
    """Describe the API as OpenAPI 3.1 has it."""
    generator = SchemaGenerator(urlconf=URLCONF, api_version=VERSION)  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


class _Made:
    """The document as it is sent; whoever asks while it is being made waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._body, self._tag = b"", ""

    def body_and_tag(self) -> tuple[bytes, str]:
        with self._lock:
            if not self._body:
                self._body = json.dumps(document()).encode()
                self._tag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
            return self._body, self._tag


made = _Made()


@method_decorator(csrf_exempt, name="dispatch")
class DocumentView(View):
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        body, tag = made.body_and_tag()
        if request.headers.get("If-None-Match") == tag:
            return HttpResponseNotModified()
        return HttpResponse(body, content_type=MEDIA_TYPE, headers={"ETag": tag, "Cache-Control": "max-age=300"})

    def http_method_not_allowed(self, request: HttpRequest, *_arguments: Any, **_named: Any) -> HttpResponse:
        refusal = answer(request, 405, "method-not-allowed", "The document is read by GET and HEAD.")
        refusal["Allow"] = "GET, HEAD"
        return refusal
