"""The Celery application of `benchmarks.growth`: ours, with so many subscribers of one event as BENCH_SUBSCRIBERS."""

import os
from uuid import UUID

import django
from kombu import Exchange, Queue

from config.celery import app

django.setup()

from django.db import connection

from events.event import Category, Event, event
from events.subscribing import Delivery, subscriber
from events.tasks import register_drains

QUEUE = "bench"
PREFIX, TYPE = "bench.growth_", "bench.grown"
app.conf.task_queues = [*app.conf.task_queues, Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE)]


@event(TYPE, category=Category.DOMAIN, stream="bench:{sale_id}")
class Grown(Event):
    sale_id: UUID
    amount: int


def apply(grown: Grown, delivery: Delivery[Grown]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_effect (event_id, amount) VALUES (%s, %s)", [delivery.envelope.event_id, grown.amount]
        )


def subscribe(count: int) -> None:
    """Let so many subscribers hear the event."""
    for number in range(count):
        subscriber(f"{PREFIX}{number}", Grown, queue=QUEUE)(apply)


subscribe(int(os.environ.get("BENCH_SUBSCRIBERS", "0")))
register_drains(app)
