"""What the platform's own host answers."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from config.metrics import MetricsView
from integrations.admin.moved import moved_pages

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.internal_error"

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/")),
    moved_pages,
    path("admin/", admin.site.urls),
    path("metrics", MetricsView.as_view()),
]
