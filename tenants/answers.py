"""What is answered where no shop answers: a page for a browser, a problem (RFC 9457) for everything else."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tenants.models import Tenant
from web.errors import CONTENT_TYPE, problem


def no_shop(request: HttpRequest) -> HttpResponse:
    return _answer(request, 404, "not-found", "No shop at this host", "No shop answers at this host.")


def suspended(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    status = tenant.get_status_display().lower()
    detail = f"The shop {tenant.name} is {status} and takes no requests."
    return _answer(request, 403, "tenant-suspended", f"This shop is {status}", detail)


def _answer(request: HttpRequest, status: int, code: str, heading: str, detail: str) -> HttpResponse:
    if _is_browser(request):
        shown = {"heading": heading, "detail": detail}
        return render(request, "tenants/closed_door.html", shown, status=status)
    return JsonResponse(problem(status, code, detail, request.path), status=status, content_type=CONTENT_TYPE)


def _is_browser(request: HttpRequest) -> bool:
    """Say whether a person looks at the answer: below `/api/` nobody does, whatever is accepted there."""
    return not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")
