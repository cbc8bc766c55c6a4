"""A person's own password: changed with the one before, which is guessed no more often here than at the door."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from unfold.forms import AdminOwnPasswordChangeForm

from events.operations import audit
from staff.models import User
from staff.sign_in import locked_out


def change_own_password(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Answer the page on which a signed-in person changes their password: 429 after too many failures."""
    credentials = {"username": request.user.get_username()}
    if request.method == "POST" and AxesProxyHandler.get_failures(request, credentials) >= settings.AXES_FAILURE_LIMIT:
        return locked_out(request, HttpResponse(), credentials)

    class Form(OwnPasswordForm):
        asked_in = request

    page = PasswordChangeView.as_view(
        form_class=Form, success_url=reverse("admin:password_change_done"), extra_context=context
    )
    return page(request)


class OwnPasswordForm(AdminOwnPasswordChangeForm):  # type: ignore[misc]
    """Counts a wrong old password as a failure to sign in, and writes the change into the audit."""

    asked_in: HttpRequest

    def clean_old_password(self) -> str:
        request, credentials = self.asked_in, {"username": self.user.get_username()}
        try:
            password: str = super().clean_old_password()
        except ValidationError:
            request.failing_act = "password change refused"  # type: ignore[attr-defined]
            AxesProxyHandler.user_login_failed(type(self), credentials, request)
            raise
        AxesProxyHandler.get_implementation().reset_user_attempts(request, credentials)
        return password

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        with transaction.atomic():
            person: User = super().save(commit)
            audit.record(action="password changed", subject=f"user:{person.username}")
        return person
