"""The months of the log. Their rows are read through the parent tables, page by page, in the order of the primary key.

A partition has row-level security and no policy: read directly it is empty, whatever it holds. Only a session in
`public` sees the rows of every tenant.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

EVENTS = "events_event"
PROCESSED = "events_processedevent"
TABLES = (EVENTS, PROCESSED)
KEYS = {EVENTS: ("tenant_id", "position"), PROCESSED: ("tenant_id", "subscriber", "position")}
_BEGIN: dict[str, tuple[Any, ...]] = {EVENTS: ("", 0), PROCESSED: ("", "", 0)}
PAGE_ROWS = 2000
PAGE_BYTES = 32 * 1024 * 1024
"""What a page of lines may hold before it ends; a single line may be larger."""


@dataclass(frozen=True, kw_only=True)
class Month:
    """:param suffix: `2026_08`. :param ends_at: the first moment that is no longer in it."""

    suffix: str
    starts_at: datetime
    ends_at: datetime

    def partition(self, table: str) -> str:
        return f"{table}_{self.suffix}"

    @property
    def period(self) -> dict[str, Any]:
        """The parameters of `IN_MONTH`."""
        return {"starts_at": self.starts_at, "ends_at": self.ends_at}


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What a month holds of a tenant: the positions from `first` to `last`."""

    tenant_id: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The last position that a month holds of a tenant's events of one type."""

    tenant_id: str
    type: str
    position: int


IN_MONTH = "e.recorded_at >= %(starts_at)s AND e.recorded_at < %(ends_at)s"

# Tenant after tenant: each is found by one look into the index, not by reading the month.
_TENANTS = f"""
    (SELECT e.tenant_id AS id FROM public.events_event e WHERE {IN_MONTH} ORDER BY e.tenant_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT e.tenant_id FROM public.events_event e WHERE {IN_MONTH} AND e.tenant_id > tenant.id
        ORDER BY e.tenant_id LIMIT 1
    )
    FROM tenant WHERE tenant.id IS NOT NULL
"""

_EXTENTS = f"""
WITH RECURSIVE tenant AS ({_TENANTS})
SELECT tenant.id, (
    SELECT e.position FROM public.events_event e WHERE {IN_MONTH} AND e.tenant_id = tenant.id
    ORDER BY e.position LIMIT 1
), (
    SELECT e.position FROM public.events_event e WHERE {IN_MONTH} AND e.tenant_id = tenant.id
    ORDER BY e.position DESC LIMIT 1
)
FROM tenant WHERE tenant.id IS NOT NULL
"""

# Type after type, backwards, by the index on (tenant_id, type, position).
_NEWEST = f"""
WITH RECURSIVE tenant AS ({_TENANTS}), newest AS (
    SELECT tenant.id, last.* FROM tenant CROSS JOIN LATERAL (
        SELECT e.type, e.position FROM public.events_event e WHERE {IN_MONTH} AND e.tenant_id = tenant.id
        ORDER BY e.type DESC, e.position DESC LIMIT 1
    ) AS last
    UNION ALL
    SELECT newest.id, before.* FROM newest CROSS JOIN LATERAL (
        SELECT e.type, e.position FROM public.events_event e
        WHERE {IN_MONTH} AND e.tenant_id = newest.id AND e.type < newest.type
        ORDER BY e.type DESC, e.position DESC LIMIT 1
    ) AS before
)
SELECT * FROM newest
"""

# The floors are those of the rows that the digest covers: both are made of the same page.
_FLOORS = """, floors AS (
    INSERT INTO public.events_floor (tenant_id, position, dropped_at)
    SELECT tenant_id, max(position), now() FROM page GROUP BY tenant_id
    ON CONFLICT (tenant_id) DO UPDATE
    SET position = greatest(events_floor.position, excluded.position), dropped_at = now()
), stream_floors AS (
    INSERT INTO public.events_streamfloor (tenant_id, stream, version)
    SELECT tenant_id, stream, max(stream_version) FROM page GROUP BY tenant_id, stream
    ON CONFLICT (tenant_id, stream) DO UPDATE SET version = greatest(events_streamfloor.version, excluded.version)
)"""


def months() -> list[Month]:
    """List the months that the log has partitions of, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT right(c.relname, 7), bounds[1]::timestamptz, bounds[2]::timestamptz
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            CROSS JOIN regexp_match(
                pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''(.+)''\\) TO \\(''(.+)''\\)'
            ) AS bounds
            WHERE i.inhparent = 'public.events_event'::regclass ORDER BY 2
            """
        )
        return [
            Month(suffix=suffix, starts_at=starts_at, ends_at=ends_at)
            for suffix, starts_at, ends_at in cursor.fetchall()
        ]


@contextmanager
def along_indexes() -> Iterator[None]:
    """Let statements that want an order follow an index that has it, until the end of this transaction.

    PostgreSQL takes the period of a month that it has no statistics of for 0.5 % of its rows, and then reads and sorts
    all of a tenant's for each type: minutes instead of milliseconds in a month of a million.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off")
        yield


def extents(month: Month) -> list[Extent]:
    """List the tenants that a month has events of."""
    with along_indexes(), connection.cursor() as cursor:
        cursor.execute(_EXTENTS, month.period)
        return [Extent(tenant_id=name, first=first, last=last) for name, first, last in cursor.fetchall()]


def newest(month: Month) -> list[Newest]:
    """List the last positions in a month, for each tenant and type that it has events of."""
    with along_indexes(), connection.cursor() as cursor:
        cursor.execute(_NEWEST, month.period)
        return [Newest(tenant_id=name, type=kind, position=position) for name, kind, position in cursor.fetchall()]


def lines(table: str, month: Month) -> Iterator[list[str]]:
    """Read what a month holds of a table, as pages of JSON lines."""
    key, after = ", ".join(KEYS[table]), _BEGIN[table]
    statement = f"""
    {_page(table)}
    SELECT line, {key} FROM (
        SELECT *, sum(octet_length(line)) OVER (ORDER BY {key}) - octet_length(line) AS bytes_before FROM page
    ) AS measured
    WHERE bytes_before < {PAGE_BYTES} ORDER BY {key}
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, _asked(month, after))
            rows = cursor.fetchall()
        if not rows:
            return
        yield [row[0] for row in rows]
        after = rows[-1][1:]


@dataclass(frozen=True, kw_only=True)
class PageDigest:
    """:param sha256: of the SHA-256 of each line, one after the other."""

    rows: int
    sha256: bytes


def digests(table: str, month: Month, *, write_floors: bool = False) -> Iterator[PageDigest]:
    """Let PostgreSQL compute the digests of the pages that `lines` reads.

    :param write_floors: also write down the last position of each tenant and the last version of each stream.
    """
    key, after = ", ".join(KEYS[table]), _BEGIN[table]
    backwards = ", ".join(f"{name} DESC" for name in KEYS[table])
    statement = f"""
    {_page(table)} {_FLOORS if write_floors else ""}
    SELECT whole.rows, whole.sha256, last.*
    FROM (
        SELECT count(*) AS rows, sha256(string_agg(sha256(convert_to(line, 'UTF8')), '' ORDER BY {key})) AS sha256
        FROM page
    ) AS whole
    CROSS JOIN (SELECT {key} FROM page ORDER BY {backwards} LIMIT 1) AS last
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, _asked(month, after))
            row = cursor.fetchone()
        if row is None:
            return
        yield PageDigest(rows=row[0], sha256=bytes(row[1]))
        after = row[2:]


def _page(table: str) -> str:
    key = ", ".join(f"e.{name}" for name in KEYS[table])
    streams = ", e.stream, e.stream_version" if table == EVENTS else ""
    after = ", ".join(f"%(after_{n})s" for n in range(len(KEYS[table])))
    return f"""WITH page AS MATERIALIZED (
        SELECT {key}{streams}, row_to_json(e)::text AS line FROM public.{table} AS e
        WHERE {IN_MONTH} AND ({key}) > ({after}) ORDER BY {key} LIMIT %(limit)s
    )"""


def _asked(month: Month, after: Sequence[Any]) -> dict[str, Any]:
    return {**month.period, **{f"after_{n}": value for n, value in enumerate(after)}, "limit": PAGE_ROWS}
