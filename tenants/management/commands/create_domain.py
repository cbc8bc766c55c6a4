"""`manage.py create_domain` of django-tenants is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "a tenant has the host that it was created with: manage.py tenant create NAME --host HOST"
