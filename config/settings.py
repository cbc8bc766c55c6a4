"""Settings. Everything that differs between machines comes from the environment or `.env`; see `.env.example`."""

import hashlib
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from config.browsers import browser_settings
from config.documentation import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS  # noqa: PLC0414 - a setting
from config.environment import Environment, setting
from config.logs import default_level
from config.place import load_urls, unusable, var
from config.slots import DEFAULTS, slots_of
from kernel.limits import LARGEST_BODY

BASE_DIR = Path(__file__).resolve().parent.parent

Environment.read_env(os.environ.get("ENV_FILE") or BASE_DIR / ".env")
try:
    load_urls()
except OSError as error:
    raise ImproperlyConfigured(unusable(var(), error)) from error
env = Environment()
NOT_NAMED = frozenset(name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name))
"""Servers that neither the environment nor a stack that runs here names."""

DEBUG = setting("DEBUG", default=False)
SECRET_KEY = setting("SECRET_KEY", default="")
if not SECRET_KEY:
    secret_file = var() / "secret-key"
    try:
        if not secret_file.exists():
            secret_file.parent.mkdir(parents=True, exist_ok=True)
            from django.core.management.utils import get_random_secret_key

            secret_file.write_text(get_random_secret_key())
            secret_file.chmod(0o600)
        SECRET_KEY = secret_file.read_text()
    except OSError as error:
        raise ImproperlyConfigured(unusable(var(), error)) from error

SECRET_KEY_FALLBACKS = setting("SECRET_KEY_FALLBACKS", default=[])

BASE_DOMAIN = setting("BASE_DOMAIN", default="localhost")
ALLOWED_HOSTS = setting("ALLOWED_HOSTS", default=[f".{BASE_DOMAIN}", "127.0.0.1"])

# Tenants: what lives in the shared schema, and what every tenant has for itself.
SHARED_APPS = [
    "tenants",
    "staff",
    "events",
    "integrations",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.import_export",
    "import_export",
    "django_tenants",
    "staff.admin_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "demo",
    "till",
]
TENANT_APPS = [
    "staff",
    "staff.admin_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "pos",
    "inventory",
    "payments",
    "notifications",
    "integrations",
]
INSTALLED_APPS = [*SHARED_APPS, *(app for app in TENANT_APPS if app not in SHARED_APPS), "config"]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_LIMIT_SET_CALLS = True
GET_EXECUTOR_FUNCTION = "tenants.migrating.get_executor"
PUBLIC_SCHEMA_NAME = "public"
PUBLIC_SCHEMA_URLCONF = "config.public_urls"
ROOT_URLCONF = "config.urls"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
AUTH_USER_MODEL = "staff.User"
LOGIN_REDIRECT_URL = "admin:index"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **env.database("DATABASE_URL", default="postgresql:///no-stack-runs"),
        "ENGINE": "tenants.database",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    },
}
# django-environ leaves a socket directory, given as ?host=, among the options.
socket_directory = DATABASES["default"].get("OPTIONS", {}).pop("host", None)
if socket_directory:
    DATABASES["default"]["HOST"] = socket_directory

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "tenants.middleware.TenantMiddleware",
    "config.correlation.CorrelationMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "staff.middleware.RefusalsMiddleware",
    "axes.middleware.AxesMiddleware",
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
            ],
        },
    },
]
WSGI_APPLICATION = "config.wsgi.application"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]

# Signing in (staff/sign_in.py): so many failures of one person at one host, and of one address at all hosts together.
AXES_HANDLER = "staff.sign_in.SignInLimits"
AXES_FAILURE_LIMIT = setting("SIGN_IN_FAILURES", default=5)
SIGN_IN_FAILURES_PER_ADDRESS = setting("SIGN_IN_FAILURES_PER_ADDRESS", default=30)
AXES_COOLOFF_TIME = timedelta(minutes=setting("SIGN_IN_WAIT_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_USERNAME_CALLABLE = "staff.sign_in.username_at_host"
AXES_CLIENT_IP_CALLABLE = "staff.sign_in.network"
AXES_LOCKOUT_CALLABLE = "staff.sign_in.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "Tillflow"

# Sessions end when nobody works (staff.SignInRules says after how long), and after a working day in any case.
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_AGE = 30 * 60
LONGEST_SESSION_SECONDS = setting("LONGEST_SESSION_SECONDS", default=12 * 3600)
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# The audit: days for which its entries are kept; 0 for all.
AUDIT_DAYS = setting("AUDIT_DAYS", default=400)
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

REDIS_URL = env.broker("REDIS_URL", default="redis://127.0.0.1:1/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.1, "socket_connect_timeout": 0.1},
        "KEY_FUNCTION": "django_tenants.cache.make_key",
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "staff.api.authentication.ApiKeyAuthentication",
        "pos.registers.authentication.DeviceTokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["web.terminal.MayAsk"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["web.parsers.BodyParser"],
    "DEFAULT_SCHEMA_CLASS": "web.schema.Schema",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "DEFAULT_THROTTLE_CLASSES": ["web.throttles.DeviceThrottle"],
    "DEFAULT_THROTTLE_RATES": {"device": setting("DEVICE_THROTTLE", default="6000/min")},
    "EXCEPTION_HANDLER": "web.problems.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = LARGEST_BODY

# Mail goes to the console until EMAIL_URL names a server: smtp://user:password@host:port
EMAIL_CONFIG = env.mail_server("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = setting("MAIL_FROM", default=f"receipts@{BASE_DOMAIN}")

# Payments: the card gateway of this deployment.
CARD_GATEWAY = setting("CARD_GATEWAY", default="payments.gateways.simulator.SimulatedGateway")

# Webhooks: only for development, endpoints on this machine and without TLS.
WEBHOOKS_MAY_BE_LOCAL = setting("WEBHOOKS_MAY_BE_LOCAL", default=False)

# Calls to others' servers: how many all workers together make at once, by queue; of these one shop makes at most half.
OUTGOING_SLOTS = {queue: slots_of(queue) for queue in DEFAULTS}

# Drains: the seconds after which a handler is interrupted; after half as many more its process is killed.
HANDLER_SECONDS = setting("HANDLER_SECONDS", default=30.0)

# Seeing: the token that a Prometheus needs at /metrics.
METRICS_TOKEN = (
    setting("METRICS_TOKEN", default="") or hashlib.sha256(f"metrics {SECRET_KEY}".encode()).hexdigest()[:32]
)

# Web: the threads of a process, and on how many of them one shop's requests run while others ask. Live feeds hold a
# thread each: how many there are in a process, in all and of one shop, and for how long.
WEB_THREADS = setting("WEB_THREADS", default=16)
WEB_THREADS_OF_ONE = setting("WEB_THREADS_OF_ONE", default=max(1, WEB_THREADS // 8))
LIVE_STREAMS = setting("LIVE_STREAMS", default=max(1, WEB_THREADS // 2))
LIVE_STREAMS_OF_ONE = setting("LIVE_STREAMS_OF_ONE", default=max(1, LIVE_STREAMS // 4))
LIVE_SECONDS = setting("LIVE_SECONDS", default=55.0)

# Bridges: other brokers that integration events go to; each is on when its address is given.
BRIDGE_RABBITMQ_URL = setting("BRIDGE_RABBITMQ_URL", default="")
BRIDGE_RABBITMQ_EXCHANGE = setting("BRIDGE_RABBITMQ_EXCHANGE", default="tillflow.events")
BRIDGE_KAFKA_SERVERS = setting("BRIDGE_KAFKA_SERVERS", default="")
BRIDGE_KAFKA_TOPIC = setting("BRIDGE_KAFKA_TOPIC", default="tillflow.events")
BRIDGE_SNS_TOPIC_ARN = setting("BRIDGE_SNS_TOPIC_ARN", default="")
BRIDGE_SQS_QUEUE_URL = setting("BRIDGE_SQS_QUEUE_URL", default="")

# Retention: whole months of the log that are kept in the database (0: all of them), and where the others are archived.
RETENTION_MONTHS = setting("RETENTION_MONTHS", default=0)
ARCHIVE_DIR = setting("ARCHIVE_DIR", default=str(var() / "archive"))

# Health: the age of the oldest pending event from which on /readyz answers 503, and what /healthz names this instance.
READY_PENDING_SECONDS = setting("READY_PENDING_SECONDS", default=300.0)
INSTANCE = setting("INSTANCE", default="")

LOG_LEVEL = setting("LOG_LEVEL", default=default_level())
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.json_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stderr}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "axes": {"level": "ERROR"},
    },
}
LOGGING_CONFIG = "config.logs.configure"

# Browsers: the scheme that shops are reached by decides cookies, HSTS and whom to believe (config/browsers.py).
PUBLIC_SCHEME = setting("PUBLIC_SCHEME", default="http")
TRUSTED_PROXIES = setting("TRUSTED_PROXIES", default=1 if PUBLIC_SCHEME == "https" else 0)
vars().update(browser_settings(PUBLIC_SCHEME, hsts_seconds=setting("HSTS_SECONDS", default=365 * 24 * 3600)))

UNFOLD = {
    "SITE_TITLE": "Tillflow",
    "SITE_HEADER": "Tillflow",
    "SITE_SYMBOL": "point_of_sale",
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [f"{STATIC_URL}staff/admin.css"],
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"{STATIC_URL}config/favicon.svg"}],
    "ACCOUNT": {
        "navigation": [
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
            {"title": "Second factor", "link": reverse_lazy("admin:second_factor_enrol")},
        ],
    },
}
