"""What counts as naming the tenant."""

import pytest

from tests.support.walls.statements import unnamed

SHARED = frozenset({"events_a", "events_b"})


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT tenant_id, x FROM events_a", ["events_a"]),
        ("SELECT x FROM events_a WHERE tenant_id = %s", []),
        ("SELECT x FROM events_a WHERE tenant_id = ANY(%(tenants)s)", []),
        ('SELECT "events_a"."x" FROM "events_a" WHERE ("events_a"."x" = %s AND "events_a"."tenant_id" IN (%s))', []),
        ("SELECT tenant_id = 'north' FROM events_a", ["events_a"]),
        ("SELECT 1 FROM other WHERE tenant_id = %s", []),
        ("SELECT 1 FROM events_a a JOIN events_b b ON b.id = a.id WHERE a.tenant_id = %s", ["events_b"]),
        ("SELECT 1 FROM events_a a JOIN events_b b ON b.tenant_id = a.tenant_id WHERE a.tenant_id = %s", []),
        ("SELECT 1 FROM events_a a JOIN events_b b ON b.tenant_id = a.tenant_id", ["events_a", "events_b"]),
        ("SELECT 1 FROM events_a a JOIN events_b b USING (id) WHERE tenant_id = %s", ["events_a", "events_b"]),
        ("SELECT EXISTS (SELECT 1 FROM events_b WHERE x = a.x) FROM events_a a WHERE tenant_id = %s", ["events_b"]),
        ("SELECT 1 FROM events_a a WHERE tenant_id = %s AND EXISTS (SELECT 1 FROM events_b b"
         " WHERE b.tenant_id = a.tenant_id)", []),
        ("SELECT 1 FROM events_a a, unnest(%s) w WHERE a.tenant_id = w.tenant_id", []),
        ("SELECT 1 FROM events_a WHERE tenant_id = %s FOR NO KEY UPDATE SKIP LOCKED; SELECT 1", []),
        ("SET LOCAL lock_timeout = 1; SELECT 1 FROM events_a", ["events_a"]),
        ("UPDATE events_a SET tenant_id = %s WHERE id = %s", ["events_a"]),
        ("UPDATE events_a SET x = 1 WHERE id = (SELECT id FROM events_a WHERE tenant_id = %s)", ["events_a"]),
        ("UPDATE events_a SET x = 1 WHERE id = %s AND tenant_id = %s", []),
        ("DELETE FROM events_a WHERE id = %s", ["events_a"]),
        ("DELETE FROM events_a WHERE tenant_id = %s", []),
        ("INSERT INTO events_a (id, tenant_id) VALUES (%s, %s) ON CONFLICT DO NOTHING", []),
        ("INSERT INTO events_a (id) VALUES (%s)", ["events_a"]),
        ("INSERT INTO events_a (tenant_id) SELECT 'north' FROM events_b", ["events_b"]),
        ("WITH one AS (SELECT x FROM events_a) SELECT x FROM one", ["events_a"]),
        ("TRUNCATE events_a", ["events_a"]),
        ("LOCK TABLE events_a", ["events_a"]),
        ("SELECT FROM WHERE events_a (", ["events_a"]),
    ],
)  # fmt: skip
def test_a_statement_names_the_tenant_of_each_shared_table(sql: str, expected: list[str]) -> None:
    assert sorted(unnamed(sql, SHARED)) == expected
