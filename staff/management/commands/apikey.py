"""`manage.py apikey issue | rotate | revoke NAME --tenant SHOP [--scopes events:read,webhooks:write] [--days 90]`."""

import argparse
from datetime import timedelta
from typing import Any

from django.utils import timezone

from events.log.causes import acting_as
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import find_furnished_tenant, in_tenant
from staff.models import KEY_NAME
from staff.services import issue_api_key, revoke_api_key, rotate_api_key
from web.scopes import ALL_SCOPES, OF_INTEGRATION


class Command(OurCommand):
    help = "Issue a key for a shop's API, shown once; make a new one in its place; or revoke it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("action", choices=["issue", "rotate", "revoke"])
        parser.add_argument("name", type=arguments.text(KEY_NAME))
        parser.add_argument("--tenant", type=arguments.name, required=True)
        parser.add_argument(
            "--scopes",
            default=",".join(OF_INTEGRATION),
            help=f"separated by commas, of {', '.join(ALL_SCOPES)}; {', '.join(OF_INTEGRATION)} when left out",
        )
        parser.add_argument(
            "--days",
            type=arguments.whole_number(1, 3650, of="days"),
            help="issue: days after which the key expires; never when left out",
        )
        parser.add_argument(
            "--overlap-hours",
            type=arguments.whole_number(0, 720, of="hours"),
            default=24,
            help="rotate: hours for which the key before stays valid",
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        with in_tenant(find_furnished_tenant(options["tenant"])), acting_as("command"):
            self.stdout.write(_act(options))


def _act(options: dict[str, Any]) -> str:
    name = options["name"]
    if options["action"] == "revoke":
        revoke_api_key(name=name)
        return f"the key {name} is revoked"
    if options["action"] == "rotate":
        return rotate_api_key(name=name, overlap=timedelta(hours=options["overlap_hours"]))
    expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
    return issue_api_key(name=name, scopes=options["scopes"].split(","), expires_at=expires_at)
