"""The least that a Django project needs for an order through HTTP: Django, DRF, PostgreSQL."""

import os

SECRET_KEY = "of a benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["rest_framework", "benchmarks.minimal"]
ROOT_URLCONF = "benchmarks.minimal.urls"
WSGI_APPLICATION = "benchmarks.minimal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["BENCH_HOST"],
        "NAME": os.environ["BENCH_DATABASE"],
        "USER": os.environ["BENCH_USER"],
        "CONN_MAX_AGE": 600,
        "OPTIONS": {"options": "-c search_path=public"},
    }
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
