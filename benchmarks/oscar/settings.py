"""A django-oscar project as its documentation sets one up, without its pages: only orders are placed."""

import os

import oscar
from oscar.defaults import *  # noqa: F403

SECRET_KEY = "of a benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = list(oscar.INSTALLED_APPS)
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "benchmarks.oscar.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1
STATIC_URL = "/static/"
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
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
OSCAR_DEFAULT_CURRENCY = "EUR"
OSCAR_INITIAL_ORDER_STATUS = "Complete"
OSCAR_ORDER_STATUS_PIPELINE = {"Complete": ()}
OSCAR_INITIAL_LINE_STATUS = "Complete"
OSCAR_LINE_STATUS_PIPELINE = {"Complete": ()}
