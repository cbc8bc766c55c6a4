"""`manage.py clone_tenant` of django-tenants is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "a tenant cannot be cloned, since its log is its own: use manage.py tenant create"
