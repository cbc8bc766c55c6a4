"""Signing in: limits before a password is looked at, and the audit of attempts.

What counts is one person at one host, and one address at all hosts together. So the attempts are the platform's: their
tables are in `public`, where row-level security shows them to sessions of the platform only, and this handler works
there.
"""

from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import QuerySet, Sum
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from events.operations import audit
from kernel.tenancy import current_tenant, in_public, in_public_schema
from kernel.text import storable
from staff import sessions
from web.client import client_address, network_of


def username_at_host(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Name the person whom an attempt is about, together with where: the same name elsewhere is somebody else.

    Where is the tenant at whose door they stand, or what else asks for a password (Flower).
    """
    typed = (credentials or request.POST).get("username") or ""
    return name_at(typed, _tenant_of(request))


def name_at(typed: str, place: str) -> str:
    """Write a person and a place as the attempts have them."""
    return f"{storable(typed).casefold()[:150]}@{place}"


def network(request: HttpRequest) -> str | None:
    return network_of(client_address(request)) or None


class SignInLimits(AxesDatabaseHandler):  # type: ignore[misc]
    """django-axes' database handler, in `public`, with a limit for a person and a wider one for an address."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Return the failures of the person; the whole limit when the address has used up its own."""
        with _attempts_of_all(request):
            of_person, of_address = map(_failures, self.get_user_attempts(request, credentials))
        limit: int = settings.AXES_FAILURE_LIMIT
        return max(of_person, limit if of_address >= settings.SIGN_IN_FAILURES_PER_ADDRESS else 0)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any
    ) -> None:
        if request is None:
            return
        was_locked = bool(request.axes_locked_out)  # type: ignore[attr-defined]
        with _attempts_of_all(request):
            super().user_login_failed(sender, credentials, request, **more)
        if not was_locked:
            locked = request.axes_locked_out  # type: ignore[attr-defined]
            name = storable(str(credentials.get("username") or ""))[:150]
            place = _tenant_of(request)
            kind = "user" if place == current_tenant() else place
            action = getattr(request, "failing_act", "sign-in failed")
            audit.record(action=action, subject=f"{kind}:{name}", detail="locked out" if locked else "")

    def user_logged_in(self, sender: Any, request: HttpRequest, user: Any, **more: Any) -> None:
        with _attempts_of_all(request):
            super().user_logged_in(sender, request, user, **more)

    def user_logged_out(self, sender: Any, request: HttpRequest, user: Any, **more: Any) -> None:
        """Keep no log here: the audit has it."""

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Forget the failures of the person who has signed in, and of nobody else at the same address."""
        with _attempts_of_all(request):
            of_person, _of_address = self.filter_user_attempts(request, credentials)
            count, _ = of_person.delete()
        return int(count)


def locked_out(request: HttpRequest, _response: HttpResponse, _credentials: Any) -> HttpResponse:
    """Answer too many failures, for a name that exists and for one that does not."""
    wait: timedelta = settings.AXES_COOLOFF_TIME
    response = render(request, "admin/locked_out.html", {"minutes": int(wait.total_seconds() // 60)}, status=429)
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response


@receiver(user_logged_in)
def note_sign_in(sender: Any, request: HttpRequest, user: Any, **_more: Any) -> None:  # noqa: ARG001 - the signal's
    sessions.begin(request)
    audit.record(action="signed in", actor=_actor(user))


@receiver(user_logged_out)
def note_sign_out(sender: Any, request: HttpRequest, user: Any, **_more: Any) -> None:  # noqa: ARG001 - the signal's
    if user is not None:
        audit.record(action="signed out", actor=_actor(user))


def _actor(user: Any) -> str:
    return f"{'platform' if in_public() else 'user'}:{user.get_username()}"


def _failures(attempts: QuerySet[Any]) -> int:
    return int(attempts.aggregate(count=Sum("failures_since_start"))["count"] or 0)


def _attempts_of_all(request: HttpRequest) -> Any:
    """Work in `public`, having noted for whom: the name of an attempt ends with the tenant it was made at."""
    _tenant_of(request)
    return in_public_schema()


def _tenant_of(request: HttpRequest) -> str:
    tenant: str | None = getattr(request, "signs_in_at", None)
    if tenant is None:
        tenant = current_tenant()
        request.signs_in_at = tenant  # type: ignore[attr-defined]
    return tenant
