"""Not `manage.py loaddata` of Django: it would write rows without the events of their services."""

from tenants.management.not_here import Rows as Command

__all__ = ["Command"]
