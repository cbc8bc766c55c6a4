"""What was archived, put back for the time of a check: temporary tables of the log's names, which are found first."""

from django.db import connection

from events.log.archives import archived_rows, dropped_archives
from events.log.months import EVENTS, PROCESSED

PAGE = 1000

# Archives of older code know no audience of an edited copy: what was recorded about the copy gives it.
_COPIES = """
UPDATE pg_temp.events_event e SET audience = copy.subscriber
FROM (
    SELECT substring(reason FROM '^replaced by an edited copy, ([0-9a-f-]{36}):')::uuid AS event_id, subscriber
    FROM events_operatoraction WHERE tenant_id = %s AND action = 'edited copy'
) AS copy
WHERE e.event_id = copy.event_id AND e.audience IS NULL
"""


def bring_back(tenant_id: str) -> int:
    """Let this transaction read the tenant's whole log, archives included; return how many rows were brought back.

    Belongs into `reading_archives`, entered before the transaction took its snapshot.

    :raises ArchiveDamaged: when a file is not what was written.
    """
    brought = 0
    for table in (EVENTS, PROCESSED):
        if not dropped_archives(table):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS SELECT * FROM public.{table}")
            page: list[str] = []
            for row in archived_rows(table, tenant_id):
                page.append(row)
                if len(page) == PAGE:
                    brought += _insert(cursor, table, page)
                    page = []
            brought += _insert(cursor, table, page)
            if table == PROCESSED:
                cursor.execute(
                    f"UPDATE pg_temp.{table} d SET subscriber = r.after FROM events_renamed r"
                    " WHERE d.subscriber = r.before"
                )
            cursor.execute(f"CREATE INDEX ON pg_temp.{table} (tenant_id, position)")
            if table == EVENTS:
                cursor.execute(_COPIES, [tenant_id])
                cursor.execute(f"CREATE INDEX ON pg_temp.{table} (tenant_id, type, stream)")
            cursor.execute(f"ANALYZE pg_temp.{table}")
    return brought


def _insert(cursor, table: str, rows: list[str]) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001
    if rows:
        cursor.execute(
            f"INSERT INTO pg_temp.{table} SELECT * FROM json_populate_recordset(NULL::public.{table}, %s::json)",
            [f"[{','.join(rows)}]"],
        )
    return len(rows)
