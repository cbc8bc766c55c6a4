"""One subscriber with an event for each way to fail, and its Celery application."""

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from uuid import UUID

import django
from django.db import connection, transaction

from config.celery import app

django.setup()

from benchmarks import worker
from benchmarks.declarations import QUEUE, Effect, Sold
from events.event import Category, Event, event
from events.subscribing import Backoff, Delivery, subscriber
from events.tasks import register_drains

NAME = "bench.failing"
ATTEMPTS = Backoff(base=0.2, cap=1.0, attempts=3)
INDEX = """
CREATE TABLE IF NOT EXISTS bench_index (value text);
CREATE INDEX IF NOT EXISTS bench_index_value ON bench_index (value);
"""


class Refused(Exception):
    """No retry helps."""


@event("bench.failed", category=Category.DOMAIN, stream="failed:{sale_id}")
class Failed(Event):
    sale_id: UUID
    way: str


def raises() -> None:
    raise RuntimeError("fails every time")


def refuses() -> None:
    raise Refused


def exits() -> None:
    sys.exit(3)


def is_cancelled() -> None:
    raise asyncio.CancelledError


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hangs() -> None:
    time.sleep(3600)


def swallows() -> None:
    with suppress(RuntimeError), transaction.atomic(savepoint=False):
        raise RuntimeError("nobody hears of this")


def is_too_large() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_index SELECT string_agg(md5(n::text), '') FROM generate_series(1, 10000) n")


def looks_like_an_outage() -> None:
    cursor = connection.cursor()
    cursor.close()
    cursor.execute("SELECT 1")


def waits_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '500ms'")
        cursor.execute("SELECT pg_sleep(3600)")


UNREADABLE = "cannot be decoded"
WAYS = {
    "raises": (raises, 5.0),
    "raises what no retry heals": (refuses, 2.0),
    UNREADABLE: (raises, 2.0),
    "swallows an error": (swallows, 5.0),
    "is too large for an index": (is_too_large, 5.0),
    "raises an error typed as an outage": (looks_like_an_outage, 5.0),
    "runs into a statement's timeout": (waits_in_the_database, 8.0),
    "exits its process": (exits, 15.0),
    "is cancelled": (is_cancelled, 15.0),
    "is killed with its process": (is_killed, 15.0),
    "hangs": (hangs, 90.0),
}
"""Each way with the seconds within which its event must be a dead letter."""


@subscriber(NAME, Sold, Failed, queue=QUEUE, backoff=ATTEMPTS, permanent=(Refused,))
def fail_in_a_way(said: Sold | Failed, delivery: Delivery[Sold | Failed]) -> None:
    Effect.objects.create(event_id=delivery.envelope.event_id, amount=1)
    if isinstance(said, Failed):
        WAYS[said.way][0]()


register_drains(app)
registered = worker.registered
