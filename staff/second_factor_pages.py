"""The pages of the second factor: take an app into use, give its code, renew recovery codes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from events.log.causes import acting_as
from kernel.refusals import Refusal
from staff import second_factor
from staff.second_factor import Standing
from web.admin.acting import operator_of
from web.admin.door import refusal_of
from web.admin.saving import sentence_of

View = Callable[[HttpRequest], HttpResponse]


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "inputmode": "text"}),
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


def pages() -> list[tuple[str, str, Callable[[Any], View]]]:
    """List the pages: route, name, and what makes the view for a site."""
    return [
        ("", "second_factor_enrol", lambda site: _for_staff(site, _enrol)),
        ("verify/", "second_factor_verify", lambda site: _for_staff(site, _verify)),
        ("recovery-codes/", "second_factor_codes", lambda site: site.admin_view(lambda request: _renew(site, request))),
    ]


def _for_staff(site: Any, page: Callable[[Any, HttpRequest], HttpResponse]) -> View:
    """Open a page to whoever has given the right password, before their second factor."""

    def view(request: HttpRequest) -> HttpResponse:
        if not site.is_staff(request):
            return HttpResponseRedirect(f"{reverse('admin:login')}?{urlencode({'next': request.get_full_path()})}")
        with acting_as(operator_of(request)):
            return refusal_of(request) or page(site, request)

    return never_cache(csrf_protect(view))


def _verify(site: Any, request: HttpRequest) -> HttpResponse:
    if second_factor.standing(request) is not Standing.TO_VERIFY:
        return HttpResponseRedirect(_following(request))
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            second_factor.verify(request, request.user, form.cleaned_data["code"])  # type: ignore[arg-type]
        except Refusal as refusal:
            form.add_error("code", sentence_of(refusal))
        else:
            return HttpResponseRedirect(_following(request))
    shown = {**site.each_context(request), "title": "Second factor", "form": form}
    return render(request, "admin/second_factor_verify.html", shown)


def _enrol(site: Any, request: HttpRequest) -> HttpResponse:
    """Show the secret of a new app, and take it into use when its code is given. One that is in use is not shown."""
    if second_factor.standing(request) is Standing.TO_VERIFY:
        return HttpResponseRedirect(f"{reverse('admin:second_factor_verify')}?{request.GET.urlencode()}")
    if second_factor.has_second_factor(request.user):
        return render(request, "admin/second_factor.html", {**site.each_context(request), "title": "Second factor"})
    person: Any = request.user
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            codes = second_factor.confirm(request, person, form.cleaned_data["code"])
        except Refusal as refusal:
            form.add_error("code", sentence_of(refusal))
        else:
            return _recovery_codes(site, request, codes)
    device = second_factor.device_to_enrol(person)
    secret = second_factor.shown_secret(device)
    label = quote(f"{request.get_host()}:{person.get_username()}")
    query = urlencode({"secret": secret.replace(" ", ""), "issuer": f"{settings.OTP_TOTP_ISSUER} {request.get_host()}"})
    picture = segno.make(f"otpauth://totp/{label}?{query}", error="m").svg_data_uri(scale=5, border=2)
    shown = {**site.each_context(request), "title": "Second factor", "form": form, "secret": secret, "qr": picture}
    return render(request, "admin/second_factor_enrol.html", shown)


def _renew(site: Any, request: HttpRequest) -> HttpResponse:
    if request.method != "POST" or not second_factor.has_second_factor(request.user):
        return HttpResponseRedirect(reverse("admin:second_factor_enrol"))
    return _recovery_codes(site, request, second_factor.new_recovery_codes(person=request.user))  # type: ignore[arg-type]


def _recovery_codes(site: Any, request: HttpRequest, codes: list[str]) -> HttpResponse:
    shown = {"title": "Recovery codes", "codes": codes, "following": _following(request)}
    return render(request, "admin/recovery_codes.html", {**site.each_context(request), **shown})


def _following(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    hosts = {request.get_host()}
    allowed = url_has_allowed_host_and_scheme(wanted, allowed_hosts=hosts, require_https=request.is_secure())
    return wanted if allowed else reverse("admin:index")
