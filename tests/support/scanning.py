"""What is personal, looked for where it must not be: log, archives, dead letters, log files, broker."""

import gzip
import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

from events.log.archives import folder, write_archive
from events.log.months import EVENTS, Month
from kernel.tenancy import in_public_schema

PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|tok_\w+")
"""A mail address, or a token of a card."""


def found(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """Name what is personal, and where. Archives all months of the log, and reads every file of the folder."""
    with in_public_schema(), connection.cursor() as cursor:
        for table in ("events_event", "events_parkedevent", "events_outgoing", "events_operatoraction"):
            cursor.execute(f"SELECT row::text FROM {table} AS row")
            yield from (f"{table}: {each}" for (row,) in cursor.fetchall() for each in PERSONAL.findall(row))
        for month in _months(cursor):
            write_archive(EVENTS, month)
    for file in sorted(folder().glob("*.gz")):
        text = gzip.decompress(file.read_bytes()).decode()
        yield from (f"archive: {each}" for each in PERSONAL.findall(text))
    logged = capsys.readouterr()
    yield from (f"log file: {each}" for each in PERSONAL.findall(logged.out + logged.err))
    yield from (f"broker: {each}" for each in _in_broker())


def _months(cursor: Any) -> list[Month]:
    cursor.execute(
        "SELECT DISTINCT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY_MM'), date_trunc('month', recorded_at, 'UTC'),"
        " date_trunc('month', recorded_at, 'UTC') + interval '1 month' FROM events_event"
    )
    return [Month(suffix=name, starts_at=begin, ends_at=end) for name, begin, end in cursor.fetchall()]


def _in_broker() -> Iterator[str]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    for key in client.scan_iter():
        kind = client.type(key)
        value = client.lrange(key, 0, -1) if kind == b"list" else client.dump(key)
        yield from PERSONAL.findall(f"{key!r} {value!r}")
