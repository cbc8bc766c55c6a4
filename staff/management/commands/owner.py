"""`manage.py owner`: give a person full access to the admin of a shop, or of the platform."""

import argparse
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.refusals import Refusal
from kernel.tenancy import find_any_tenant, in_public_schema, in_tenant
from staff.services import hire_owner


class Command(BaseCommand):
    help = "Create a person with full access to an admin, or set their password, from OWNER_PASSWORD."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--tenant", help="the shop; without it, the platform's own admin")
        parser.add_argument("--email", default="")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        password = os.environ.get("OWNER_PASSWORD", "")
        if not password:
            message = "set the password in the environment: OWNER_PASSWORD=… manage.py owner …"
            raise CommandError(message)
        person = {"username": options["username"], "password": password, "email": options["email"]}
        try:
            if options["tenant"]:
                with in_tenant(find_any_tenant(options["tenant"])):
                    hire_owner(**person)
            else:
                with in_public_schema():
                    hire_owner(**person)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"{options['username']} may sign in to the admin of {options['tenant'] or 'the platform'}")
