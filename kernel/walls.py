"""The second wall: statements on shared tables name the tenant, whether or not row-level security does."""

from typing import TypeVar

from django.db import models

from kernel.tenancy import current_tenant, in_public

M = TypeVar("M", bound=models.Model)


class WalledQuerySet(models.QuerySet[M]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete in one statement with this query's conditions. Django would collect the rows and name only their keys.

        No signals are sent, and nothing cascades: the tables' foreign keys are the database's.
        """
        count = self._raw_delete(self.db)  # type: ignore[attr-defined]
        return count, {self.model._meta.label: count}


class WalledManager(models.Manager.from_queryset(WalledQuerySet)):  # type: ignore[misc]
    """Gives the rows of the schema that the connection is in; in `public` those of all."""

    def get_queryset(self) -> models.QuerySet[M]:
        rows = super().get_queryset()
        return rows if in_public() else rows.filter(tenant_id=current_tenant())


def wall(alias: str) -> str:
    """Write the condition of a statement that serves a tenant and the platform; its parameters hold `here`."""
    return f"(%(here)s = 'public' OR {alias}.tenant_id = %(here)s)"


def here() -> dict[str, str]:
    return {"here": current_tenant()}
