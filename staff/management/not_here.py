"""A command of Django or django-tenants that would bypass our rules for people."""

from kernel.commands import Replaced


class Command(Replaced):
    help = "Use `manage.py owner` instead."
    instead = "use OWNER_PASSWORD=… manage.py owner NAME [--tenant SHOP]: it checks the password"
