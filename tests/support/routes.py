"""Every route of a host, from its URL configuration: its address, its methods, and who guards it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.views.generic import RedirectView
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from config.metrics import MetricsView
from config.urls import DocumentView
from integrations.admin.moved import moved_pages
from till.views import TillView
from web.scopes import ALL_SCOPES
from web.terminal import Anyone, MayAsk

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
KINDS = {"uuid": "{uuid}", "path": "{key}", "int": "{int}", "str": "{str}", "slug": "{str}"}


OPEN = {DocumentView, TillView}
"""Plain views that declare no permission, and show nothing of any tenant."""


class Guard(Enum):
    OPEN = "open"
    CODE = "a code in the body"
    LEADS = "leads to the admin"
    MOVED = "leads to where a page of the admin is now"
    METRICS = "the token of Prometheus"
    TERMINAL = "a terminal"
    SCOPE = "a scope"
    DOOR = "a page of the admin for who is not signed in"
    STAFF = "a page of the admin"
    MODEL = "a page of a model in the admin"


@dataclass(frozen=True)
class Route:
    """:param template: the address, with `{uuid}`, `{int}`, `{str}` and `{key}` where something is to be filled in.

    :param scope: that a key of the API needs for all methods. :param scopes: that it needs for each, where a terminal
        needs none. :param model: whose page in the admin it is.
    """

    template: str
    guard: Guard
    methods: tuple[str, ...]
    scope: str = ""
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    model: Any = None

    def opens_to(self, scope: str, method: str) -> bool:
        """Say whether a key with this scope alone may use a method of the route."""
        return scope == self.scope or self.scopes.get("GET" if method == "HEAD" else method) == (scope,)

    def address(self, *, uuid: str, key: str = "1") -> str:
        return self.template.format(uuid=uuid, int="1", str="1", key=key)


class NotAddressable(AssertionError):
    """A route that the matrix cannot fill in, or whose guard no rule tells: it would be missing from the matrix."""


def routes(urlconf: str) -> list[Route]:
    """:raises NotAddressable: with the name of the first route that no rule fits."""
    return [_route(prefix, pattern) for prefix, pattern in _patterns(get_resolver(urlconf).url_patterns, "/")]


def _patterns(found: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
    for each in found:
        route = prefix + _template(each.pattern)
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns, route)
        else:
            yield route, each


def _template(pattern: Any) -> str:
    if not isinstance(pattern, RoutePattern):
        known = {
            "^(?P<app_label>": "pos/",
            "(?P<url>.*)$": "nothing-is-here",
            "^admin/events/(?P<page>": "admin/events/webhookendpoint/",
        }
        for begin, filled in known.items():
            if str(pattern).startswith(begin):
                return filled
        raise NotAddressable(f"a route by a regular expression that the matrix does not know: {pattern}")
    text = str(pattern)
    for name, converter in pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        if kind not in KINDS:
            raise NotAddressable(f"the parameter {name} of {pattern} is a {kind}, which the matrix cannot fill in")
        for written in (f"<{kind}:{name}>", f"<{name}>"):
            text = text.replace(written, KINDS[kind])
    return text


def _route(template: str, pattern: URLPattern) -> Route:
    view: Any = pattern.callback
    found = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if template.startswith("/admin/"):
        return _admin_route(template, pattern, view)
    if found is MetricsView:
        return Route(template, Guard.METRICS, METHODS)
    if found in OPEN:
        return Route(template, Guard.OPEN, METHODS)
    if found is RedirectView:
        return Route(template, Guard.LEADS, METHODS)
    if found is None or not issubclass(found, APIView):
        raise NotAddressable(f"{template} is a view that declares no permission")
    offered = tuple(name for name in METHODS if name != "OPTIONS" and hasattr(found, name.lower()))
    offered += ("HEAD",) if "GET" in offered else ()
    offered += ("OPTIONS",) if found.metadata_class else ()
    permissions = tuple(found.permission_classes)
    if permissions == (AllowAny,):
        return Route(template, Guard.OPEN, METHODS)
    if permissions == (Anyone,):
        return Route(template, Guard.CODE, METHODS)
    if permissions == (MayAsk,):
        declared = {name: getattr(getattr(found, name.lower(), None), "operation", None) for name in METHODS}
        scopes = {name: operation.scopes for name, operation in declared.items() if operation and operation.scopes}
        return Route(template, Guard.TERMINAL, offered, scopes=scopes)
    scopes = [scope for scope in ALL_SCOPES if str(getattr(permissions[0], "message", "")).endswith(f" {scope}.")]
    if len(permissions) != 1 or len(scopes) != 1:
        raise NotAddressable(f"{template} has the permissions {permissions}: no rule says who may use it")
    return Route(template, Guard.SCOPE, offered, scope=scopes[0])


def _admin_route(template: str, pattern: URLPattern, view: Callable[..., Any]) -> Route:
    if pattern is moved_pages:
        return Route(template, Guard.MOVED, METHODS)
    if pattern.name is None and template.endswith("/{key}/"):
        return Route(template, Guard.STAFF, METHODS)  # leads to the page of a row, and looks at none
    page = getattr(view, "model_admin", None)
    if page is not None:
        return Route(template, Guard.MODEL, METHODS, model=page.model)
    for model in admin.site._registry:
        if template.startswith(f"/admin/{model._meta.app_label}/{model._meta.model_name}/"):
            return Route(template, Guard.MODEL, METHODS, model=model)
    if pattern.name in {"login", "logout", "accept_invitation"}:
        return Route(template, Guard.DOOR, METHODS)
    return Route(template, Guard.STAFF, METHODS)
