"""What an act answers but a redirect: secrets that are shown once, and the question before what stops others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

CONFIRMED = "confirmed"
REASON = "reason"
APPROVER_CODE, APPROVER_PIN = "approver_code", "approver_pin"
LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Secret:
    """:param value: what cannot be shown again, because only its hash or its seal is kept."""

    label: str
    value: str


def show_once(page: Any, request: HttpRequest, title: str, secrets: Sequence[Secret]) -> HttpResponse:
    """Answer with the secrets themselves. No message, cookie, session or cache holds them."""
    context = {**page.admin_site.each_context(request), "opts": page.model._meta, "title": title, "secrets": secrets}
    response = TemplateResponse(request, "admin/shown_once.html", context)
    response["Cache-Control"] = "no-store"
    return response


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """The question before an action. `action` is the action's name, `consequence` what a yes will do.

    :param asks_reason: whether a yes counts only with a reason, which the audit keeps.
    """

    action: str
    title: str
    consequence: str
    asks_reason: bool = True

    def is_given(self, request: HttpRequest) -> bool:
        return request.POST.get(CONFIRMED) == "yes" and bool(not self.asks_reason or self.reason(request))

    def reason(self, request: HttpRequest) -> str:
        return request.POST.get(REASON, "").strip()[:LONGEST_REASON]

    def ask(self, page: Any, request: HttpRequest, rows: Iterable[Any], *, refusal: str = "") -> HttpResponse:
        """Ask. :param refusal: why a yes was not enough; then somebody who approves can type their code and PIN."""
        context = {
            **page.admin_site.each_context(request),
            "opts": page.model._meta,
            "title": self.title,
            "question": self,
            "rows": list(rows),
            "checkbox": ACTION_CHECKBOX_NAME,
            "longest": LONGEST_REASON,
            "reason_is_missing": request.POST.get(CONFIRMED) == "yes" and not self.reason(request),
            "reason": self.reason(request),
            "refusal": refusal,
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)
