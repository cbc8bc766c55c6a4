"""`manage.py owner`: give a person full access to an admin, of a shop or of the platform; or take a lost phone away."""

import argparse
import os
from contextlib import AbstractContextManager
from typing import Any

from django.core.management.base import CommandError

from events.log.causes import acting_as
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.limits import MAIL_ADDRESS
from kernel.tenancy import find_furnished_tenant, in_public_schema, in_tenant
from staff import second_factor
from staff.models import User
from staff.services import hire_owner


class Command(OurCommand):
    help = "Create a person with full access to an admin, or set their password, from OWNER_PASSWORD."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username", type=arguments.text(150))
        parser.add_argument("--tenant", type=arguments.name, help="the shop; without it, the platform's own admin")
        parser.add_argument("--email", type=arguments.text(MAIL_ADDRESS))
        parser.add_argument(
            "--remove-second-factor",
            action="store_true",
            help="only remove the second factor; the person sets up a new app at the next sign-in",
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        where = options["tenant"] or "the platform"
        with _schema(options["tenant"]), acting_as("command"):
            if options["remove_second_factor"]:
                _remove_second_factor(options["username"])
                self.stdout.write(f"{options['username']} has no second factor in the admin of {where}")
                return
            hire_owner(username=options["username"], password=_password(), email=options["email"] or "")
        self.stdout.write(f"{options['username']} may sign in to the admin of {where}")


def _schema(tenant: str | None) -> AbstractContextManager[Any]:
    return in_public_schema() if tenant is None else in_tenant(find_furnished_tenant(tenant))


def _password() -> str:
    password = os.environ.get("OWNER_PASSWORD", "")
    if not password:
        message = "set the password in the environment: OWNER_PASSWORD=… manage.py owner …"
        raise CommandError(message)
    return password


def _remove_second_factor(username: str) -> None:
    person = User.objects.filter(username=User.normalize_username(username)).first()
    if person is None:
        message = f"nobody is named {username!r} there"
        raise CommandError(message)
    second_factor.remove(person=person)
