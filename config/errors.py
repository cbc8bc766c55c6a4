"""What is answered where no view answers: a problem under `/api/`, a page elsewhere."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from web.errors import CONTENT_TYPE, problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not is_api(request):
        return defaults.bad_request(request, exception)
    return answer(request, 400, "malformed-request", "This request cannot be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not is_api(request):
        return defaults.permission_denied(request, exception)
    return answer(request, 403, "permission-denied", "This is not allowed.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not is_api(request):
        return defaults.page_not_found(request, exception)
    return answer(
        request,
        404,
        "not-found",
        "Nothing answers at this path: /api/docs lists the paths, and how their ids are written.",
    )


def internal_error(request: HttpRequest) -> HttpResponse:
    if not is_api(request):
        return defaults.server_error(request)
    return answer(request, 500, "internal", "An error on our side; send the request again under the same key.")


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def answer(request: HttpRequest, status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse(problem(status, code, detail, request.path), status=status, content_type=CONTENT_TYPE)
