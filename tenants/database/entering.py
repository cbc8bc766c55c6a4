"""Entering a tenant's schema and reading something there in one round trip."""

from typing import Any

from django.db.utils import Error
from django_tenants.postgresql_backend import base as django_tenants_base
from django_tenants.utils import quote_schema_name


class EnteringWrapper(django_tenants_base.DatabaseWrapper):
    """:param remembered: what the process remembers of the schema's shop, until the next schema is entered."""

    remembered: Any = None
    health_check_done: bool
    _reported: bytes | None = None

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:  # noqa: FBT001, FBT002 - django-tenants'
        super().set_tenant(tenant, include_public)
        self.remembered = None

    def enter(self, reading: str) -> Any:
        """Enter the schema and read a row there, outside a transaction; None when there is no such row.

        It is the health check of a kept connection as well: one that turns out to be dead is replaced, once.

        :param reading: a SELECT without parameters.
        """
        assert not self.in_atomic_block, "a transaction would see its own changes"
        self.ensure_connection()
        is_checked, self.health_check_done = self.health_check_done, True
        try:
            return self._enter(reading)
        except Error:
            if is_checked or not self.connection.closed:
                raise
        self.close()
        self.ensure_connection()
        return self._enter(reading)

    def _enter(self, reading: str) -> Any:
        paths = self._get_cursor_search_paths()
        self.search_path_set_schemas, self._setting_search_path = None, True
        try:
            with self._prepare_cursor(self.create_cursor()) as cursor:
                cursor.execute(f"SET search_path = {','.join(map(quote_schema_name, paths))}; {reading}")
                cursor.nextset()
                row = cursor.fetchone()
        finally:
            self._setting_search_path = False
        self.search_path_set_schemas, self._reported = paths, self._report()
        return row

    def _report(self) -> bytes | None:
        """Return the search_path as the server reports every change of it; None before PostgreSQL 18."""
        report: bytes | None = self.connection.pgconn.parameter_status(b"search_path")
        return report
