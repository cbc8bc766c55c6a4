"""What is answered where no view answers: a problem under `/api/`, a page elsewhere."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found, server_error

from kernel.api.errors import CONTENT_TYPE, TYPE_PREFIX


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    return _problem(request, 404, "not-found", "Nothing answers at this path.")


def internal_error(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith("/api/"):
        return server_error(request)
    return _problem(request, 500, "internal", "An error on our side; send the request again under the same key.")


def _problem(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    title = code.replace("-", " ").capitalize()
    document = {"type": TYPE_PREFIX + code, "title": title, "status": status, "detail": detail, "code": code}
    return JsonResponse({**document, "instance": request.path}, status=status, content_type=CONTENT_TYPE)
