"""Arrays of PostgreSQL, written as text."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection

from kernel.arrays import array
from kernel.ids import new_id
from tenants.models import Tenant


def test_an_array_is_read_by_the_database_as_it_was(shop: Tenant) -> None:
    ids = [new_id(), new_id()]
    moments = [datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)]
    numbers, positions = [Decimal("-1.500"), Decimal("12345678901234567890.123")], [0, -(2**63), 2**63 - 1]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::uuid[], %s::timestamptz[], %s::numeric[], %s::bigint[], %s::uuid[]",
            [array(ids), array(moments), array(numbers), array(positions), array([])],
        )
        assert cursor.fetchone() == (ids, moments, numbers, positions, [])
