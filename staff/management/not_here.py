"""A command of Django or django-tenants that would go round our rules."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Use `manage.py owner` instead."
    requires_system_checks = []

    def run_from_argv(self, _argv: list[str]) -> None:
        """Refuse whatever options follow."""
        self.stderr.write(str(self._refusal()))
        raise SystemExit(1)

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        raise self._refusal()

    @staticmethod
    def _refusal() -> CommandError:
        return CommandError("use OWNER_PASSWORD=… manage.py owner NAME [--tenant SHOP]: it checks the password")
