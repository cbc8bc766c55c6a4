"""Fail-closed search_path: a statement runs in the tenant's schema, or not at all."""

from typing import Any

from django.db.utils import OperationalError
from django_tenants.postgresql_backend import base as django_tenants_base


class SearchPathNotSet(OperationalError):
    """The tenant's schema could not be entered, so the statement was not sent."""


class DatabaseWrapper(django_tenants_base.DatabaseWrapper):
    """django-tenants swallows a failed `SET search_path`, and the next statement would run in the schema before."""

    def _handle_search_path(self, cursor: Any = None) -> None:
        super()._handle_search_path(cursor)
        if self.search_path_set_schemas or self._setting_search_path or self._transaction_is_aborted():
            return
        message = f"search_path for schema {self.schema_name!r} could not be set"
        raise SearchPathNotSet(message)

    def _transaction_is_aborted(self) -> bool:
        """Say whether nothing but ROLLBACK can succeed, so that no wrong schema can be reached."""
        if self.connection is None or self.connection.closed:
            return False
        return self.connection.info.transaction_status.name == "INERROR" and self.in_atomic_block
