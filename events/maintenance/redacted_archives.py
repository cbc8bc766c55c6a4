"""Redaction of archives: a dropped month's file is written again without what is personal, and the old one is deleted.

What is not on record (the file of a drop that a restore has undone, a copy elsewhere) is named and left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction

from events.log.archives import (
    Archive,
    ArchiveDamaged,
    dropped_archives,
    folder,
    keep_readers_away,
    pages_of,
    replace_on_record,
    rewrite,
)
from events.log.months import EVENTS
from events.maintenance.redaction import NotInPublic, digest_of, record, redacted_types
from kernel.tenancy import in_public


@dataclass(frozen=True, kw_only=True)
class RedactedArchive:
    """The outcome of a dropped month's events.

    :param error: why its file stays as it is; empty where nothing is wrong.
    """

    partition: str
    events: int
    error: str = ""


_CHANGED = """
SELECT n, tenant_id, position, data::text, jsonb_set(line, '{data}', redacted)::text
FROM unnest(%s::text[]) WITH ORDINALITY AS given (text, n)
CROSS JOIN LATERAL (SELECT text::jsonb AS line) AS parsed
CROSS JOIN LATERAL (
    SELECT line ->> 'tenant_id' AS tenant_id, (line ->> 'position')::bigint AS position, line -> 'data' AS data,
        events_redacted(line ->> 'type', (line ->> 'version')::integer, line -> 'data') AS redacted
) AS event
WHERE data IS DISTINCT FROM redacted ORDER BY n
"""


def redact_archives(*, operator: str, dry_run: bool = False) -> Iterator[RedactedArchive]:
    """Redact the files of dropped months, of all tenants. In `public`. May be repeated, also after a crash.

    :param operator: who acts, for the record. :param dry_run: only count; the files are read through.
    :raises NotInPublic: when the session sees only one tenant's rows.
    """
    if not in_public():
        message = "archives hold the events of all tenants: redact them in the public schema"
        raise NotInPublic(message)
    marks = [name.encode() for name in redacted_types()]
    for archive in dropped_archives(EVENTS):
        try:
            yield _redact(archive, marks, operator, dry_run=dry_run)
        except (ArchiveDamaged, OSError) as error:
            yield RedactedArchive(partition=archive.partition, events=0, error=str(error))


def unrecorded() -> list[str]:
    """List the files of months in the folder of archives that are not on record: nobody reads them, or redacts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT path FROM events_archive")
        known = {path for (path,) in cursor.fetchall()}
    return sorted(path.name for path in folder().glob(f"{EVENTS}_*") if path.name not in known)


def _redact(archive: Archive, marks: list[bytes], operator: str, *, dry_run: bool) -> RedactedArchive:
    """:param marks: a line whose event may have to be redacted contains one of them."""
    changes: list[tuple[str, int, str]] = []
    for page in pages_of(archive):
        _changed(changes, marks, page)
    if dry_run or not changes:
        return RedactedArchive(partition=archive.partition, events=len(changes))
    changes.clear()
    written = rewrite(archive, partial(_changed, changes, marks))
    with transaction.atomic():
        if not keep_readers_away():
            written.path.unlink()
            busy = "a rebuild or verify reads the archives: repeat the command when it has ended"
            return RedactedArchive(partition=archive.partition, events=0, error=busy)
        replace_on_record(archive, written)
        for tenant_id in sorted({tenant_id for tenant_id, _, _ in changes}):
            rows = [(position, data) for owner, position, data in changes if owner == tenant_id]
            was = f"{archive.partition}, whose file had the SHA-256 {archive.sha256}"
            record(tenant_id, operator, f"{len(rows)} archived events of {was}, hmac-sha256 {digest_of(rows)}")
    archive.path.unlink()
    return RedactedArchive(partition=archive.partition, events=len(changes))


def _changed(changes: list[tuple[str, int, str]], marks: list[bytes], lines: list[bytes]) -> list[bytes]:
    """Return a page of lines with what is redacted in its place, and note what was there."""
    may = [n for n, line in enumerate(lines) if any(mark in line for mark in marks)]
    if not may:
        return lines
    page = list(lines)
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [[lines[n].decode() for n in may]])
        for ordinal, tenant_id, position, data, line in cursor.fetchall():
            changes.append((tenant_id, position, data))
            page[may[ordinal - 1]] = line.encode()
    return page
