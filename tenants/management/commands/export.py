"""Not `manage.py export` of django-import-export: it knows no shops."""

from tenants.management.not_here import Rows as Command

__all__ = ["Command"]
