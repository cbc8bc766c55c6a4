"""Settings from the environment; one that breaks its rule (`config/rules.py`) is named, with what is allowed."""

import os
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config.rules import RULES

BROKER_SCHEMES = ("redis://", "rediss://", "unix://")
SHOWN = 60


def setting(name: str, *, default: Any) -> Any:
    """Read a setting as its rule says; the default, where the environment does not have it.

    :raises ImproperlyConfigured: when it is set to something that its rule does not allow.
    """
    text, rule = os.environ.get(name), RULES[name]
    if text is None:
        return default
    try:
        return rule.read(text)
    except ValueError:
        found = "set to something else" if rule.secret else f"set to {text[:SHOWN]!r}"
        message = f"{name} is {found}; it takes {rule.allowed}"
        raise ImproperlyConfigured(message) from None


class Environment(environ.Env):  # type: ignore[misc]
    """URLs that stand for several settings. They hold passwords, so that none is shown."""

    def database(self, var: str, default: str) -> dict[str, Any]:
        """:raises ImproperlyConfigured: when it is no URL of a PostgreSQL database."""
        try:
            found: dict[str, Any] = self.db(var, default=default)
        except (ValueError, ImproperlyConfigured):
            found = {}
        if "postgresql" not in found.get("ENGINE", "") or not found.get("NAME"):
            message = f"{var} is not a database URL: postgresql://USER:PASSWORD@HOST:PORT/NAME"
            raise ImproperlyConfigured(message)
        return found

    def broker(self, var: str, default: str) -> str:
        """:raises ImproperlyConfigured: when it is no URL of a Redis or Valkey."""
        url: str = self.str(var, default=default)
        if not url.startswith(BROKER_SCHEMES):
            message = f"{var} is not a broker URL: redis://HOST:PORT/NUMBER"
            raise ImproperlyConfigured(message)
        return url

    def mail_server(self, var: str, default: str) -> dict[str, Any]:
        """:raises ImproperlyConfigured: when it is not a mail server URL."""
        try:
            found: dict[str, Any] = self.email_url(var, default=default)
        except (ValueError, ImproperlyConfigured):
            found = {}
        if not found.get("EMAIL_BACKEND"):
            message = f"{var} is not a mail server URL: smtp://USER:PASSWORD@HOST:PORT"
            raise ImproperlyConfigured(message)
        return found
