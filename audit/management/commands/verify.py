"""`manage.py verify [--tenant NAME]`: recompute what must be true, from first principles."""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, DataError, connection, transaction

from audit.archives import bring_back
from events.invariants import PENDING
from events.log.archives import ArchiveDamaged, reading_archives
from kernel import arguments
from kernel.commands import Command as OurCommand
from kernel.invariants import Cursor, Invariant, Walk, all_invariants
from kernel.tenancy import TenantLike, find_furnished_tenant, in_public_schema, in_tenant
from tenants.models import Tenant

MOST_NAMED = 10
"""Broken rows that are named of one invariant."""
MOST_COLUMNS = 4
"""Columns by which a row is named."""
IDENTIFYING = {"id", "stream", "position", "series", "kind", "number", "code", "name", "subscriber", "business_date"}


@dataclass(kw_only=True)
class _Found:
    checked: int = 0
    broken: int = 0
    named: list[str] = field(default_factory=list)


class Command(OurCommand):
    help = "Check every invariant of one tenant or all; exit code 1 when any fails."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--tenant", type=arguments.name, help="only this one")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        tenants = [find_furnished_tenant(options["tenant"])] if options["tenant"] else self._all()
        broken = sum(self._try(tenant) for tenant in tenants)
        self.stdout.write(f"verify: tenants={len(tenants)} invariants={len(all_invariants())} broken={broken}")
        if broken:
            sys.exit(1)

    def _all(self) -> list[TenantLike]:
        with in_public_schema():
            return list(Tenant.objects.filter(status__in=["ACTIVE", "SUSPENDED"]).order_by("schema_name"))

    def _try(self, tenant: TenantLike) -> int:
        """Verify a tenant; one whose tables or archives cannot be read is broken, and the others have their turn."""
        try:
            return self._verify(tenant)
        except DatabaseError as error:
            unread, line = "its tables can be read", next(iter(str(error).splitlines()), "no reason was given")
        except ArchiveDamaged as error:
            unread, line = "its archives can be read", f"{error.detail}: put the file back"
        self.stdout.write(f"{tenant.schema_name:<16} {unread:<44} BROKEN  {line}")
        return 1

    def _verify(self, tenant: TenantLike) -> int:
        """Check one tenant in one snapshot, print a line for each invariant, and return how many are broken."""
        broken_invariants = 0
        parameters: dict[str, Any] = {"tenant": tenant.schema_name}
        outermost = not connection.in_atomic_block
        with in_tenant(tenant), reading_archives(), transaction.atomic(), connection.cursor() as cursor:
            if outermost:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL statement_timeout = '30min'")
            archived = bring_back(tenant.schema_name)
            if archived:
                self.stdout.write(f"{tenant.schema_name:<16} {'brought back from archives':<44} rows={archived}")
            for invariant in all_invariants():
                found = _check(invariant, cursor, parameters)
                broken_invariants += bool(found.broken)
                verdict = "BROKEN" if found.broken else "ok"
                self.stdout.write(
                    f"{tenant.schema_name:<16} {invariant.name:<44} {verdict:<7}"
                    f" checked={found.checked} broken={found.broken}"
                )
                for wrong in found.named:
                    self.stdout.write(f"{tenant.schema_name:<16}   {wrong}")
            cursor.execute(PENDING, parameters)
            pending, parked = cursor.fetchone()
            self.stdout.write(f"{tenant.schema_name:<16} {'still to be applied':<44} pending={pending} parked={parked}")
        return broken_invariants


def _check(invariant: Invariant | Walk, cursor: Cursor, parameters: dict[str, Any]) -> _Found:
    """Check one invariant; where a value in JSON is none, this one is broken, and the others have their turn."""
    try:
        with transaction.atomic():
            return _looked(invariant, cursor, parameters)
    except DataError as error:
        return _Found(broken=1, named=[f"a value cannot be read: {next(iter(str(error).splitlines()), '')}"])


def _looked(invariant: Invariant | Walk, cursor: Cursor, parameters: dict[str, Any]) -> _Found:
    if isinstance(invariant, Invariant):
        cursor.execute(invariant.statement, parameters)
        checked, broken = cursor.fetchone()
        named = _named(invariant, cursor, parameters) if broken else []
        return _Found(checked=checked, broken=broken, named=named)
    found = _Found()
    for wrong in invariant.rows(cursor):
        found.checked += 1
        found.broken += bool(wrong)
        if wrong and len(found.named) < MOST_NAMED:
            found.named.append(wrong)
    return found


def _named(invariant: Invariant, cursor: Cursor, parameters: dict[str, Any]) -> list[str]:
    """Name the first rows that break an invariant by what identifies them."""
    cursor.execute(invariant.broken_rows, {**parameters, "most": MOST_NAMED})
    columns = [column.name for column in cursor.description]
    return [name for row in cursor.fetchall() if (name := _identified(zip(columns, row, strict=True)))]


def _identified(row: Iterable[tuple[str, Any]]) -> str:
    """Write the first columns of a row that identify it, each value once."""
    found: dict[str, str] = {}
    for column, value in row:
        identifies = column in IDENTIFYING or column.endswith("_id")
        if identifies and value is not None and str(value) not in found.values() and column not in found:
            found[column] = str(value)
    return " ".join(f"{column}={value}" for column, value in list(found.items())[:MOST_COLUMNS])
