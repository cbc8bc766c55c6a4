"""Settings from the environment; one that cannot be read is named, with what it is set to."""

import os
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

BROKER_SCHEMES = ("redis://", "rediss://", "unix://")


class Environment(environ.Env):  # type: ignore[misc]
    def get_value(self, var: str, *arguments: Any, **options: Any) -> Any:
        """:raises ImproperlyConfigured: when the variable is missing, or is not of its kind."""
        try:
            return super().get_value(var, *arguments, **options)
        except ValueError as error:
            message = f"{var} is set to {os.environ.get(var, '')!r}: {error}"
            raise ImproperlyConfigured(message) from error

    def database(self, var: str, default: str) -> dict[str, Any]:
        """:raises ImproperlyConfigured: when it is no URL of a PostgreSQL database."""
        found: dict[str, Any] = self.db(var, default=default)
        if "postgresql" not in found.get("ENGINE", "") or not found.get("NAME"):
            message = f"{var} is no URL of a database: postgresql://USER:PASSWORD@HOST:PORT/NAME"
            raise ImproperlyConfigured(message)
        return found

    def broker(self, var: str, default: str) -> str:
        """:raises ImproperlyConfigured: when it is no URL of a Redis or Valkey."""
        url: str = self.str(var, default=default)
        if not url.startswith(BROKER_SCHEMES):
            message = f"{var} is no URL of a broker: redis://HOST:PORT/NUMBER"
            raise ImproperlyConfigured(message)
        return url
