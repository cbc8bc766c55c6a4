"""`manage.py migrate`: the same as `migrate_schemas`."""

from tenants.management.commands.migrate_schemas import Command

__all__ = ["Command"]
