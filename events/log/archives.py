"""Archives: what a month held, as compressed lines of JSON, with the file's checksum on record."""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from django.conf import settings
from django.db import connection

from events.log.audience import names_of
from events.log.envelope import Envelope
from events.log.log import StoredEvent, stored_event
from events.log.months import EVENTS, PAGE_ROWS, TABLES, Month, digests, lines
from kernel.refusals import Refusal

READERS_LOCK = "events.archives"
"""The advisory lock that readers of archives share, and that a month is dropped under."""


class ArchiveDamaged(Refusal):
    """An archive's file is missing, or is not what was written."""

    code = "archive-damaged"
    title = "Archive damaged"


class ArchiveDiffers(Exception):
    """An archive does not hold what the log holds of its month."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """:param sha256: of the file, in hexadecimal. :param rows: how many lines it has. :param bytes: the file's size."""

    partition: str
    path: Path
    rows: int
    bytes: int
    sha256: str


def folder() -> Path:
    return Path(settings.ARCHIVE_DIR)


def write_archive(table: str, month: Month) -> Archive:
    """Write what the log holds of a month to a separate file, and put it on record. May be repeated.

    Reads through the parent table, in pages: no statement and no transaction is long.
    """
    folder().mkdir(parents=True, exist_ok=True)
    partition = month.partition(table)
    archive = _write(partition, _path(partition), ([line.encode() for line in page] for page in lines(table, month)))
    _record(archive)
    return archive


def rewrite(archive: Archive, changed: Callable[[list[bytes]], list[bytes]]) -> Archive:
    """Write a dropped month's file once more with other lines, beside the one on record, which stays as it is.

    :param changed: takes a page of lines and returns as many.
    :raises ArchiveDamaged: when the file is not what was written.
    """
    return _write(archive.partition, _unused(archive.partition), map(changed, pages_of(archive)))


def pages_of(archive: Archive) -> Iterator[list[bytes]]:
    """Read a file as pages of lines.

    :raises ArchiveDamaged: when it is not what was written.
    """
    require_sound(archive)
    read = _lines(archive.path)
    yield from iter(lambda: list(islice(read, PAGE_ROWS)), [])


def replace_on_record(archive: Archive, by: Archive) -> None:
    """Let a file stand for a dropped month in the place of another, in the transaction that is open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_archive SET path = %s, rows = %s, bytes = %s, sha256 = %s"
            " WHERE partition = %s AND path = %s AND dropped_at IS NOT NULL",
            [by.path.name, by.rows, by.bytes, by.sha256, archive.partition, archive.path.name],
        )


def _write(partition: str, path: Path, pages: Iterable[list[bytes]]) -> Archive:
    """Write a file whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    rows = 0
    with unfinished.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
            for page in pages:
                file.writelines(line + b"\n" for line in page)
                rows += len(page)
        raw.flush()
        os.fsync(raw.fileno())
    unfinished.rename(path)
    _sync(folder())
    return Archive(partition=partition, path=path, rows=rows, bytes=path.stat().st_size, sha256=_sha256(path))


def compare(archive: Archive, table: str, month: Month) -> None:
    """Read the file back and hold it against the log, page by page; write down the floors of an archive of events.

    The rows are counted and digested by PostgreSQL through the parent table, and by this process from the file.

    :raises ArchiveDiffers: when they are not the same rows.
    :raises ArchiveDamaged: when the file cannot be read.
    """
    kept, rows = _lines(archive.path), 0
    for page in digests(table, month, write_floors=table == EVENTS):
        hashed, read = hashlib.sha256(), 0
        for line in islice(kept, page.rows):
            hashed.update(hashlib.sha256(line).digest())
            read += 1
        if read != page.rows or hashed.digest() != page.sha256:
            message = f"{archive.path} and the log differ between row {rows + 1} and row {rows + page.rows}"
            raise ArchiveDiffers(message)
        rows += page.rows
    more = sum(1 for _ in kept)
    if more or rows != archive.rows:
        message = f"{archive.path} has {rows + more} rows and {archive.rows} on record, the log has {rows}"
        raise ArchiveDiffers(message)


def dropped_archives(*tables: str) -> list[Archive]:
    """List the archives of some tables, or of all, whose partitions are gone, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT partition, path, rows, bytes, sha256 FROM events_archive"
            " WHERE dropped_at IS NOT NULL AND left(partition, -8) = ANY(%s) ORDER BY partition, id",
            [list(tables or TABLES)],
        )
        return [
            Archive(partition=partition, path=folder() / path, rows=rows, bytes=size, sha256=sha256)
            for partition, path, rows, size, sha256 in cursor.fetchall()
        ]


def require_present(archive: Archive) -> None:
    """Look for the file and its size, without reading it.

    :raises ArchiveDamaged: when the file is missing, or has another size.
    """
    if not archive.path.exists():
        message = f"{archive.path} is missing"
        raise ArchiveDamaged(message)
    size = archive.path.stat().st_size
    if size != archive.bytes:
        message = f"{archive.path} has another checksum than the one on record: {size} bytes, not {archive.bytes}"
        raise ArchiveDamaged(message)


def require_sound(archive: Archive) -> None:
    """:raises ArchiveDamaged: when the file is missing, has another checksum, or another number of lines."""
    require_present(archive)
    try:
        sha256 = _sha256(archive.path)
    except OSError as error:
        message = f"{archive.path} cannot be read: {error}"
        raise ArchiveDamaged(message) from None
    if sha256 != archive.sha256:
        message = f"{archive.path} has another checksum than the one on record"
        raise ArchiveDamaged(message)
    count = sum(1 for _ in _lines(archive.path))
    if count != archive.rows:
        message = f"{archive.path} has {count} lines, not {archive.rows}"
        raise ArchiveDamaged(message)


@contextmanager
def reading_archives() -> Iterator[None]:
    """Let no month be dropped while a reader is between the archives and the log. Belongs around a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(hashtextextended(%s, 2))", [READERS_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_shared(hashtextextended(%s, 2))", [READERS_LOCK])


def keep_readers_away() -> bool:
    """Let no reader begin until the end of this transaction; False when one is at work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 2))", [READERS_LOCK])
        return bool(cursor.fetchone()[0])


def archived_rows(table: str, tenant_id: str = "", *, month: str = "") -> Iterator[str]:
    """Read what is archived, each row as JSON, month by month in the order of tenants and positions.

    :param tenant_id: only this tenant's. :param month: only this month's, as `2026_08`.
    :raises ArchiveDamaged: when a file is not what was written.
    """
    for archive in dropped_archives(table):
        if month and archive.partition != f"{table}_{month}":
            continue
        require_sound(archive)
        for line in _lines(archive.path):
            if not tenant_id or json.loads(line)["tenant_id"] == tenant_id:
                yield line.decode()


def archived_events(tenant_id: str, types: Iterable[str], *, subscriber: str) -> Iterator[StoredEvent]:
    """Read a tenant's archived events of some types, in the order of positions, without edited copies for others.

    Archives of older code know no audience: there, what a subscriber must not apply is parked for it as discarded.
    """
    wanted, names = frozenset(types), names_of(subscriber)
    for line in archived_rows(EVENTS, tenant_id):
        row = json.loads(line)
        if row["type"] in wanted and row.get("audience") in {None, *names}:
            envelope = [row.get(name) for name in Envelope.__struct_fields__]
            yield stored_event((json.dumps(envelope), json.dumps(row["data"])))


def _path(partition: str) -> Path:
    """Choose a file: the one on record whose partition is not dropped, else one that does not exist yet.

    A month may be dropped more than once, when it was made again; and a file that is not on record is not ours to
    overwrite.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT path FROM events_archive WHERE partition = %s AND dropped_at IS NULL", [partition])
        row = cursor.fetchone()
    return folder() / row[0] if row else _unused(partition)


def _unused(partition: str) -> Path:
    first = [folder() / f"{partition}.jsonl.gz"]
    others = (folder() / f"{partition}.{number}.jsonl.gz" for number in range(2, 1000))
    return next(path for path in chain(first, others) if not path.exists())


def _sync(directory: Path) -> None:
    """Make a renamed file's name outlast a power cut, as its content does."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _record(archive: Archive) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_archive (partition, path, rows, bytes, sha256, archived_at)
            VALUES (%s, %s, %s, %s, %s, now())
            ON CONFLICT (partition) WHERE dropped_at IS NULL DO UPDATE SET path = excluded.path, rows = excluded.rows,
                bytes = excluded.bytes, sha256 = excluded.sha256, archived_at = excluded.archived_at
            """,
            [archive.partition, archive.path.name, archive.rows, archive.bytes, archive.sha256],
        )


def _lines(path: Path) -> Iterator[bytes]:
    """:raises ArchiveDamaged: when the file cannot be read."""
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                yield line.rstrip(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {error}"
        raise ArchiveDamaged(message) from None


def _sha256(path: Path) -> str:
    """:raises OSError: when the file cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
