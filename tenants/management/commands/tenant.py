"""`manage.py tenant create | resume | list | suspend | reactivate | close`."""

import argparse
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError

from events.log.causes import acting_as
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.tenancy import in_public_schema
from tenants import services
from tenants.models import Domain, Tenant


class Command(OurCommand):
    help = "Create, list, suspend, reactivate or close tenants."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser(
            "create",
            help="create a tenant: schema and domain; workers then furnish it with a location, a register, taxes",
        )
        create.add_argument("name", help="permanent name, also of the schema: lower-case letters, digits, underscores")
        create.add_argument("--title", default="", help="the shop's name for people")
        create.add_argument("--host", default="", help="default: NAME.BASE_DOMAIN")
        create.add_argument("--currency", default="EUR", help="ISO 4217, with 0, 2 or 3 decimals")
        create.add_argument("--timezone", default="UTC", help="IANA, as Europe/Berlin")
        create.add_argument("--owner-email", default="", help="receives alerts")
        actions.add_parser("list", help="list all tenants")
        named: dict[str, tuple[Callable[..., None], str]] = {
            "resume": (self._resume, "finish a tenant whose creation was interrupted"),
            "suspend": (self._suspend, "no requests, no subscribers; nothing is lost"),
            "reactivate": (self._reactivate, "let a suspended tenant work again"),
            "close": (self._close, "drop the tenant's schema and events for good"),
        }
        for action, (act, description) in named.items():
            acting = actions.add_parser(action, help=description)
            acting.add_argument("name", type=arguments.name)
            acting.set_defaults(act=act)
            if action == "close":
                acting.add_argument("--yes", action="store_true", help="really drop all data of this tenant")
                acting.add_argument(
                    "--keep-schema", action="store_true", help="leave a schema alone that was not made for this tenant"
                )

    def handle(self, *_arguments: Any, action: str, **options: Any) -> None:
        with acting_as("command"):
            if action == "create":
                self._create(options)
            elif action == "list":
                self._list()
            else:
                options["act"](services.find_tenant(name=options["name"]), options)

    def _create(self, options: dict[str, Any]) -> None:
        wanted = ("name", "title", "host", "currency", "timezone", "owner_email")
        tenant = services.create_tenant(**{key: options[key] for key in wanted})
        self.stdout.write(f"{tenant.schema_name} is active at {tenant.domains.get().domain}")

    def _list(self) -> None:
        with in_public_schema():
            for tenant in Tenant.objects.order_by("schema_name"):
                hosts = ", ".join(Domain.objects.filter(tenant=tenant).values_list("domain", flat=True))
                self.stdout.write(f"{tenant.schema_name:<24} {tenant.status:<12} {tenant.currency} {hosts}")

    def _resume(self, tenant: Tenant, _options: dict[str, Any]) -> None:
        services.provision_tenant(tenant=tenant)
        self.stdout.write(f"{tenant.schema_name} is active")

    def _suspend(self, tenant: Tenant, _options: dict[str, Any]) -> None:
        services.suspend_tenant(tenant=tenant)
        self.stdout.write(f"{tenant.schema_name} is suspended")

    def _reactivate(self, tenant: Tenant, _options: dict[str, Any]) -> None:
        services.reactivate_tenant(tenant=tenant)
        self.stdout.write(f"{tenant.schema_name} is active")

    def _close(self, tenant: Tenant, options: dict[str, Any]) -> None:
        if not options["yes"]:
            message = f"this drops all data of {tenant.schema_name}: repeat it with --yes"
            raise CommandError(message)
        services.close_tenant(tenant=tenant, keep_schema=options["keep_schema"])
        schema = "left as it is" if options["keep_schema"] else "dropped"
        self.stdout.write(f"{tenant.schema_name} is closed, its schema is {schema}")
