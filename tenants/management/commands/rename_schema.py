"""`manage.py rename_schema` of django-tenants is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "a tenant's name is permanent: its log, its tokens and its events name it"
