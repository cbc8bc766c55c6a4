"""The admin's site: one door, where tenant, actor, second factor and time zone are decided for every page."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import FieldError, ValidationError
from django.core.paginator import InvalidPage
from django.db import DataError
from django.db.models import Case, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.timezone import get_current_timezone_name
from unfold.sites import UnfoldAdminSite

from events.log.causes import acting_as
from kernel.tenancy import in_public
from staff import second_factor, sessions
from staff.menu import menu_of
from staff.second_factor import Standing
from web.admin.acting import operator_of
from web.admin.door import refusal_of
from web.admin.home import cards
from web.admin.zones import in_zone_of_pages

View = Callable[..., Any]


class Chooser(AutocompleteJsonView):
    """What can be chosen for a field, in an order that holds from page to page.

    A page with a `chooser_name`, the name of a column, has them by it: before the others those that begin as typed.
    """

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset()
        name = getattr(self.model_admin, "chooser_name", "pk")
        begins = [Case(When(**{f"{name}__istartswith": self.term}, then=0), default=1)] if self.term else []
        return rows.order_by(*begins, name, "pk")


class StaffSite(UnfoldAdminSite):  # type: ignore[misc]
    """Django's admin with a second factor, sessions that end, and one place that refuses what names another tenant."""

    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        return self.is_staff(request) and second_factor.standing(request) in {Standing.NOT_NEEDED, Standing.PASSED}

    def is_staff(self, request: HttpRequest) -> bool:
        """Say whether somebody is signed in who may see the admin, whatever their second factor."""
        return sessions.is_alive(request) and super().has_permission(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 - Django's signature
        guarded = super().admin_view(_guarded(view), cacheable)

        def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            """Send a person who has given the right password, and no second factor yet, to where they give it."""
            if self.is_staff(request) and not self.has_permission(request):
                return HttpResponseRedirect(_second_factor_page(request, request.get_full_path()))
            return guarded(request, *args, **kwargs)

        enter.csrf_exempt = getattr(guarded, "csrf_exempt", False)  # type: ignore[attr-defined]
        return enter

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Name the shop on every page, in the header and in the browser's title, and the zone of all times."""
        context: dict[str, Any] = super().each_context(request)
        if context["has_permission"]:
            context["site_subheader"] = f"Times are in {get_current_timezone_name()}"
        if shop := getattr(request, "tenant", None):
            context |= {"site_header": shop.name, "site_title": f"{shop.name} · {context['site_title']}"}
        return context

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """List the pages: those of a shop by what people do there."""
        apps: list[Any] = super().get_app_list(request, app_label)
        return apps if app_label or in_public() else menu_of(apps)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show what happens in the shop today, and below it all pages."""
        return super().index(request, {"cards": cards(request), **(extra_context or {})})  # type: ignore[no-any-return]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = refusal_of(request) or super().login(request, extra_context)
        if isinstance(response, HttpResponseRedirect) and self.is_staff(request) and not self.has_permission(request):
            return HttpResponseRedirect(_second_factor_page(request, response.url))
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        from staff.own_password import change_own_password

        return change_own_password(request, {**self.each_context(request), **(extra_context or {})})

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """:raises Http404: for a page that there is not, or that is no number."""
        try:
            return super().search(request, extra_context)  # type: ignore[no-any-return]
        except InvalidPage as error:
            raise Http404(str(error)) from None

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        """:raises Http404: for a term or a key that the database cannot hold."""
        try:
            return Chooser.as_view(admin_site=self)(request)
        except (ValueError, OverflowError, ValidationError, FieldError, DataError) as error:
            raise Http404(str(error)) from None

    def get_urls(self) -> list[URLPattern]:
        """Leave out `r/…`, which shows a row "on site": no row of ours has another page."""
        from staff.invitations import AcceptInvitation
        from staff.second_factor_pages import pages

        invitation = AcceptInvitation.as_view(site=self)
        own = [path(f"second-factor/{route}", page(self), name=name) for route, name, page in pages()]
        own.append(path("invitations/<uidb64>/<token>/", invitation, name="accept_invitation"))
        return own + [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]


def _guarded(view: View) -> View:
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with acting_as(operator_of(request)), in_zone_of_pages():
            response = refusal_of(request) or view(request, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    guarded.csrf_exempt = getattr(view, "csrf_exempt", False)  # type: ignore[attr-defined]
    return guarded


def _second_factor_page(request: HttpRequest, following: str) -> str:
    name = "verify" if second_factor.standing(request) is Standing.TO_VERIFY else "enrol"
    return f"{reverse(f'admin:second_factor_{name}')}?{urlencode({'next': following})}"
