"""What is looked at before any page of the admin runs: whether the request names another shop, or cannot be stored."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.template.loader import render_to_string

from kernel.text import is_storable
from web.admin.acting import refuse_foreign_tenant


def refusal_of(request: HttpRequest) -> HttpResponse | None:
    """Answer a request that no page may see; None for all others.

    :raises Http404: on a shop's host, when it names another shop.
    """
    refuse_foreign_tenant(request)
    if _is_storable(request):
        return None
    reason = "What was sent holds a character that cannot be stored."
    return HttpResponseBadRequest(render_to_string("400.html", {"reason": reason}))


def _is_storable(request: HttpRequest) -> bool:
    """Say whether all that was typed can be stored: text with NUL, or with half of a surrogate pair, cannot."""
    given = [request.path]
    for query in (request.GET, request.POST):
        for name, values in query.lists():
            given += [name, *(str(value) for value in values)]
    return is_storable(given)
