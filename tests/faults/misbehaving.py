"""What handlers must not do, and do: each way by its name. The event is to be a dead letter, and hurt nobody else."""

import asyncio
import sys
import time
from contextlib import suppress
from uuid import UUID

from django.db import connection, transaction

from tests.faults.effects import marked

DAWDLE_SECONDS = 1.0
LARGEST_KEY = 10_000


def misbehave(way: str, event_id: UUID) -> None:
    if way == "exits" or (way == "exits once" and marked(event_id, "exited", 1)):
        sys.exit(3)
    elif way == "cancelled":
        raise asyncio.CancelledError
    elif way == "swallows":
        with suppress(RuntimeError), transaction.atomic(savepoint=False):
            raise RuntimeError("nobody hears of this")
    elif way == "closed cursor":
        cursor = connection.cursor()
        cursor.close()
        cursor.execute("SELECT 1")
    elif way == "large index row":
        with connection.cursor() as cursor:
            statement = "INSERT INTO faults_index SELECT string_agg(md5(n::text), '') FROM generate_series(1, %s) n"
            cursor.execute(statement, [LARGEST_KEY])
    elif way == "slow statement":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '200ms'")
            cursor.execute("SELECT pg_sleep(60)")
    elif way == "dawdles":
        time.sleep(DAWDLE_SECONDS)
