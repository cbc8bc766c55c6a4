"""`manage.py create_tenant` of django-tenants is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "use manage.py tenant create"
