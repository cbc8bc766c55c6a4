"""Not `manage.py import` of django-import-export: it would change rows without the events of their services."""  # noqa: N999

from tenants.management.not_here import Rows as Command

__all__ = ["Command"]
