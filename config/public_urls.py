"""What the platform's own host answers."""

from django.contrib import admin
from django.urls import path

from config.health import HealthView
from config.metrics import MetricsView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthz", HealthView.as_view()),
    path("metrics", MetricsView.as_view()),
]
