"""`manage.py tenant create | list | suspend | reactivate | close`."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.refusals import Refusal
from tenants import services
from tenants.models import Domain, Tenant


class Command(BaseCommand):
    help = "Create, list, suspend, reactivate or close tenants."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create a tenant: schema, domain, first location and register")
        create.add_argument("name", help="permanent name, also of the schema: lower-case letters, digits, underscores")
        create.add_argument("--title", default="", help="the shop's name for people")
        create.add_argument("--host", default="", help="default: NAME.BASE_DOMAIN")
        create.add_argument("--currency", default="EUR")
        create.add_argument("--timezone", default="UTC")
        create.add_argument("--owner-email", default="", help="receives alerts")
        actions.add_parser("list", help="list all tenants")
        for action in ("suspend", "reactivate"):
            actions.add_parser(action).add_argument("name")
        close = actions.add_parser("close", help="drop the tenant's schema and events for good")
        close.add_argument("name")
        close.add_argument("--yes", action="store_true", help="really drop all data of this tenant")

    def handle(self, *_arguments: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(options)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None

    def _create(self, options: dict[str, Any]) -> None:
        wanted = ("name", "title", "host", "currency", "timezone", "owner_email")
        tenant = services.create_tenant(**{key: options[key] for key in wanted})
        self.stdout.write(f"{tenant.schema_name} is active at {tenant.domains.get().domain}")

    def _list(self, _options: dict[str, Any]) -> None:
        for tenant in Tenant.objects.exclude(schema_name="public").order_by("schema_name"):
            hosts = ", ".join(Domain.objects.filter(tenant=tenant).values_list("domain", flat=True))
            self.stdout.write(f"{tenant.schema_name:<24} {tenant.status:<12} {tenant.currency} {hosts}")

    def _suspend(self, options: dict[str, Any]) -> None:
        services.suspend_tenant(tenant=services.find_tenant(name=options["name"]))
        self.stdout.write(f"{options['name']} is suspended")

    def _reactivate(self, options: dict[str, Any]) -> None:
        services.reactivate_tenant(tenant=services.find_tenant(name=options["name"]))
        self.stdout.write(f"{options['name']} is active")

    def _close(self, options: dict[str, Any]) -> None:
        if not options["yes"]:
            message = f"this drops all data of {options['name']}: say it again with --yes"
            raise CommandError(message)
        services.close_tenant(tenant=services.find_tenant(name=options["name"]))
        self.stdout.write(f"{options['name']} is closed, its schema is dropped")
