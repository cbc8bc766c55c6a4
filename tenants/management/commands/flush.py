"""`manage.py flush` of Django is not for this platform."""

from kernel.commands import Replaced


class Command(Replaced):
    instead = "the log and the audit are append-only: close single tenants with manage.py tenant close NAME"
