"""`manage.py create_missing_schemas` of django-tenants is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "use manage.py tenant resume NAME: a schema is made only for a tenant whose creation was interrupted"
