"""Invitations: a link by which the owner of a shop chooses a password. Made on the platform's host, it works once."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from events.log.causes import acting_as
from events.operations import audit
from kernel.refusals import Refusal
from kernel.tenancy import in_tenant
from staff.models import User
from staff.services import owner_named, require_valid_person
from tenants.models import Tenant
from web.admin.door import refusal_of


class OwnerUnknown(Refusal):
    code = "owner-unknown"
    title = "Owner unknown"


def invite_owner(*, tenant: Tenant) -> str:
    """Return the path, on the shop's host, of a page on which its owner chooses a password.

    The owner's mail address is the user name. Who has it already keeps their password until they choose another one.

    :raises OwnerUnknown: when the shop has no owner email, or is not ready.
    :raises PersonInvalid: when the address cannot be a user name.
    """
    if not tenant.is_furnished:
        message = f"{tenant.name} is not ready: finish it first"
        raise OwnerUnknown(message)
    if not tenant.owner_email:
        message = f"{tenant.name} has no owner email: type it on the shop's page first"
        raise OwnerUnknown(message)
    with in_tenant(tenant), transaction.atomic():
        owner = owner_named(tenant.owner_email, tenant.owner_email)
        if owner.pk is None:
            require_valid_person(owner, tenant.owner_email, new=True)
            owner.set_unusable_password()
        owner.is_active = True
        owner.save()
        audit.record(action="owner invited", subject=f"user:{owner.username}")
        person = urlsafe_base64_encode(force_bytes(owner.pk))
        return reverse("admin:accept_invitation", args=[person, default_token_generator.make_token(owner)])


def days_of_validity() -> int:
    return max(1, settings.PASSWORD_RESET_TIMEOUT // 86_400)


class ChosenPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Writes into the audit that a password was chosen."""

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        with transaction.atomic():
            person: User = super().save(commit)
            audit.record(action="password chosen", subject=f"user:{person.username}", actor=f"user:{person.username}")
        return person


class AcceptInvitation(PasswordResetConfirmView):
    """The page that an invitation leads to."""

    form_class = ChosenPasswordForm
    template_name = "admin/choose_password.html"
    success_url = reverse_lazy("admin:index")
    title = "Choose a password"
    site: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with acting_as("invitation"):
            response = refusal_of(request) or super().dispatch(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**self.site.each_context(self.request), **super().get_context_data(**kwargs)}
