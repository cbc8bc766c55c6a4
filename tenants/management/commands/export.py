"""`manage.py export` of django-import-export would read rows around the rules of shops."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "exports are pages of the shop's admin (docs/importing.md)"
