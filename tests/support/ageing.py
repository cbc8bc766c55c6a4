"""A month long ago that a shop has traded in, and what retention makes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO

from django.core.management import call_command
from django.db import connection, connections

from events.maintenance.retention import retain
from events.testing.work import settle
from inventory.services import Source, StockMove, receive_goods
from kernel.ids import new_id
from kernel.tenancy import in_public_schema, in_tenant
from pos.models import Variant
from tenants.models import Tenant
from tests.support import make

OLD = "2020_01"
LATER = datetime(2020, 3, 1, tzinfo=UTC)


def age() -> None:
    """Let everything in the log have happened in the old month."""
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("events_event", "events_processedevent"):
            cursor.execute(f"CREATE TEMPORARY TABLE aging AS SELECT * FROM public.{table} WHERE tenant_id = 'north'")
            cursor.execute(
                "UPDATE aging SET recorded_at = '2020-01-15 12:00+00'::timestamptz + position * interval '1 s'"
            )
            cursor.execute(f"DELETE FROM public.{table} WHERE tenant_id = 'north'")
            cursor.execute(f"INSERT INTO public.{table} SELECT * FROM aging")
            cursor.execute("DROP TABLE aging")


def trade() -> None:
    make.variant()
    make.shift()
    settle()
    mug = StockMove(variant_id=Variant.objects.get(sku="MUG").id, quantity=5, line=new_id())  # type: ignore[arg-type]
    source = Source(type="goods_receipt", id=new_id(), location_id=make.register().location_id, occurred_at=make.NOW)
    receive_goods(source=source, moved=[mug])
    order = make.order(make.cash(2000), lines=[make.asked(quantity="2")])
    settle()
    make.return_(order, make.returning(order))
    settle()


def retained(*, before: datetime = LATER) -> list[tuple[str, bool, str]]:
    with in_public_schema():
        return [(month.month, month.dropped, month.kept_because) for month in retain(before=before)]


def count(statement: str) -> int:
    """Run a query of one number in `public`."""
    with in_public_schema(), connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


@contextmanager
def other_session() -> Iterator[None]:
    """Let this thread work on another connection to the database, in `north`."""
    mine = connections["default"]
    other = connections.create_connection("default")
    connections["default"] = other
    try:
        with in_tenant(Tenant.objects.get(schema_name="north")):
            yield
    finally:
        other.close()
        connections["default"] = mine


def forget_dead_rows(table: str) -> None:
    """Remove what other tests have rolled back: an index leads to it until a vacuum."""
    with other_session(), connection.cursor() as cursor:
        cursor.execute(f"VACUUM public.{table}")


def verified() -> str:
    out = StringIO()
    call_command("verify", "--tenant", "north", stdout=out)
    return out.getvalue()
