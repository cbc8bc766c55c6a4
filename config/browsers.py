"""What browsers get: cookies, transport security and content security, all from the public scheme."""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured

SCHEMES = ("http", "https")


def browser_settings(scheme: str, *, hsts_seconds: int) -> dict[str, Any]:
    """Make Django's settings for a scheme. `http` is for one machine: a demo on loopback, and tests.

    With `https` a proxy ends TLS: it must set `X-Forwarded-Proto` itself, whatever the client has sent. Cookies carry
    the prefix `__Host-`, so that no other host, not even a shop beside, can set or read them. Forms are trusted from a
    host's own origin only: CSRF_TRUSTED_ORIGINS stays empty, for it would make the shops trust one another.

    :raises ImproperlyConfigured: for another scheme.
    """
    if scheme not in SCHEMES:
        message = f"PUBLIC_SCHEME is {scheme!r}; it is http or https"
        raise ImproperlyConfigured(message)
    secure = scheme == "https"
    prefix = "__Host-" if secure else ""
    return {
        "SESSION_COOKIE_NAME": f"{prefix}sessionid",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_NAME": f"{prefix}csrftoken",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_TRUSTED_ORIGINS": [],
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin" if secure else None,
        "X_FRAME_OPTIONS": "DENY",
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": _directives()},
        "SECURE_SSL_REDIRECT": secure,
        "SECURE_REDIRECT_EXEMPT": [r"^readyz$", r"^metrics$"],
        "SECURE_HSTS_SECONDS": hsts_seconds if secure else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": secure,
        "SECURE_HSTS_PRELOAD": secure,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if secure else None,
    }


def _directives() -> dict[str, Any]:
    """Allow our own files and no script in a page.

    The admin's theme evaluates its attributes with Alpine and sets styles from them: that needs the two exceptions.
    """
    return {
        "default-src": [NONE],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
