"""Archives: what a month's partitions held, as compressed lines of JSON, with its checksum on record."""

import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from events.delivery import Envelope
from events.log import StoredEvent, stored_event

EVENTS = "events_event"
PROCESSED = "events_processedevent"


class ArchiveDamaged(Exception):
    """An archive's file is missing, or is not what was written."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """:param sha256: of the file, in hexadecimal. :param rows: how many lines it has."""

    partition: str
    path: Path
    rows: int
    sha256: str


def folder() -> Path:
    return Path(settings.ARCHIVE_DIR)


def write_archive(partition: str) -> Archive:
    """Write a partition to a file of its own, read it back, and put it on record. May be repeated."""
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / f"{partition}.jsonl.gz"
    unfinished = path.with_suffix(".unfinished")
    rows = 0
    with unfinished.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
            for line in _rows(partition):
                file.write(line.encode() + b"\n")
                rows += 1
        raw.flush()
        os.fsync(raw.fileno())
    unfinished.rename(path)
    _sync(folder())
    archive = Archive(partition=partition, path=path, rows=rows, sha256=_sha256(path))
    require_sound(archive)
    _record(archive)
    return archive


def dropped_archives(table: str) -> list[Archive]:
    """List the archives of a table whose partitions are gone, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT partition, path, rows, sha256 FROM events_archive"
            " WHERE dropped_at IS NOT NULL AND partition LIKE %s ORDER BY partition",
            [f"{table}_20%"],
        )
        return [
            Archive(partition=partition, path=folder() / path, rows=rows, sha256=sha256)
            for partition, path, rows, sha256 in cursor.fetchall()
        ]


def require_sound(archive: Archive) -> None:
    """:raises ArchiveDamaged: when the file is missing, has another checksum, or another number of lines."""
    if not archive.path.exists():
        message = f"{archive.path} is missing"
        raise ArchiveDamaged(message)
    if _sha256(archive.path) != archive.sha256:
        message = f"{archive.path} has another checksum than the one on record"
        raise ArchiveDamaged(message)
    lines = sum(1 for _ in _lines(archive.path))
    if lines != archive.rows:
        message = f"{archive.path} has {lines} lines, not {archive.rows}"
        raise ArchiveDamaged(message)


def archived_rows(table: str, tenant_id: str) -> Iterator[str]:
    """Read what is archived of a tenant, each row as JSON, in the order of positions.

    :raises ArchiveDamaged: when a file is not what was written.
    """
    for archive in dropped_archives(table):
        require_sound(archive)
        for line in _lines(archive.path):
            if json.loads(line)["tenant_id"] == tenant_id:
                yield line


def archived_events(tenant_id: str, types: Iterable[str]) -> Iterator[StoredEvent]:
    """Read a tenant's archived events of some types, in the order of positions."""
    wanted = frozenset(types)
    for line in archived_rows(EVENTS, tenant_id):
        row = json.loads(line)
        if row["type"] in wanted:
            envelope = [row[name] for name in Envelope.__struct_fields__]
            yield stored_event((json.dumps(envelope), json.dumps(row["data"])))


def _sync(directory: Path) -> None:
    """Make a renamed file's name outlast a power cut, as its content does."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rows(partition: str) -> Iterator[str]:
    """Stream the rows in the order of tenants and positions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        driver: Any = connection.connection
        order = "tenant_id, position" if partition.startswith(EVENTS) else "tenant_id, subscriber, position"
        with driver.cursor(name="events_archive") as stream:
            stream.itersize = 5000
            stream.execute(f"SELECT row_to_json(t)::text FROM public.{partition} AS t ORDER BY {order}")
            for (line,) in stream:
                yield line


def _record(archive: Archive) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_archive (partition, path, rows, bytes, sha256, archived_at)
            VALUES (%s, %s, %s, %s, %s, now())
            ON CONFLICT (partition) DO UPDATE SET path = excluded.path, rows = excluded.rows, bytes = excluded.bytes,
                sha256 = excluded.sha256, archived_at = excluded.archived_at
            """,
            [archive.partition, archive.path.name, archive.rows, archive.path.stat().st_size, archive.sha256],
        )


def _lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield line.rstrip("\n")
    except (OSError, EOFError) as error:
        message = f"{path} cannot be read: {error}"
        raise ArchiveDamaged(message) from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
