"""`manage.py import` of django-import-export would write rows past the rules of shops."""  # noqa: N999

from kernel.commands import Replaced


class Command(Replaced):
    instead = "imports are pages of the shop's admin (docs/importing.md)"
