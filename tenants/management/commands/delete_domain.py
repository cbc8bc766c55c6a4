"""`manage.py delete_domain` of django-tenants is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "a tenant keeps its host until it is closed: manage.py tenant close NAME"
