"""`manage.py loaddata` of Django would write rows past the rules of shops."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "imports are pages of the shop's admin (docs/importing.md)"
