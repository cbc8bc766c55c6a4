"""`manage.py collectstatic_schemas` of django-tenants is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "static files are the same for all tenants: use manage.py collectstatic"
