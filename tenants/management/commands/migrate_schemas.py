"""`manage.py migrate_schemas`: as django-tenants has it; what is typed wrong is one sentence."""

from typing import Any

from django.core.management.base import CommandError
from django.db.migrations.exceptions import NodeNotFoundError
from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand

from kernel.commands import OneSentence
from tenants import schemas


class Command(OneSentence, MigrateSchemasCommand):  # type: ignore[misc]
    def handle(self, *arguments: Any, **options: Any) -> None:
        schemas.require_may_make()
        schema = options.get("schema_name")
        if schema is not None and not schemas.exists(schema):
            message = f"there is no schema {schema!r}: manage.py tenant list"
            raise CommandError(message)
        try:
            super().handle(*arguments, **options)
        except (NodeNotFoundError, NotImplementedError) as error:
            raise CommandError(str(error)) from error
