"""What a shop's host answers."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from config.openapi import DocumentView
from integrations.admin.moved import moved_pages
from till.views import TillView

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.internal_error"

api: list[URLPattern | URLResolver] = [
    path("", include("pos.api.urls")),
    path("", include("inventory.api")),
    path("", include("staff.duty.api")),
    path("", include("payments.api")),
    path("", include("events.api.urls")),
    path("", include("integrations.api.urls")),
]
urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    moved_pages,
    path("admin/", admin.site.urls),
    path("till/", TillView.as_view()),
    path("api/v1/", include((api, "v1"))),
    path("api/schema", DocumentView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema")),
]
