"""What the platform's own host answers."""

from django.contrib import admin
from django.urls import path

from config.health import HealthView
from config.metrics import MetricsView

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.internal_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthz", HealthView.as_view()),
    path("metrics", MetricsView.as_view()),
]
