"""`manage.py apikey issue | revoke NAME --tenant SHOP [--scopes events:read,webhooks:write]`."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.api.scopes import ALL_SCOPES
from kernel.refusals import Refusal
from kernel.tenancy import find_any_tenant, in_tenant
from staff.services import issue_api_key, revoke_api_key


class Command(BaseCommand):
    help = "Issue a key for a shop's API, shown once; or revoke one."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("action", choices=["issue", "revoke"])
        parser.add_argument("name")
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--scopes", default=",".join(ALL_SCOPES), help="separated by commas; all when left out")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            with in_tenant(find_any_tenant(options["tenant"])):
                if options["action"] == "revoke":
                    revoke_api_key(name=options["name"])
                    self.stdout.write(f"the key {options['name']} is revoked")
                    return
                self.stdout.write(issue_api_key(name=options["name"], scopes=options["scopes"].split(",")))
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
