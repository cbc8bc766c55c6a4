"""The Celery application of the benchmarks: ours, with the benchmarks' tasks and subscribers."""

import time
from typing import Any

import django
import redis
from kombu import Exchange, Queue

from config.celery import app

django.setup()

from django.conf import settings
from django.db import transaction

from benchmarks.declarations import QUEUE, Sold, apply_as_people_write_it
from events.subscribing import Delivery, subscriber
from events.tasks import register_drains
from kernel.tenancy import in_tenant, tenant_for_task

APPLIED = "bench:applied"
client = redis.Redis.from_url(settings.REDIS_URL)
app.conf.task_queues = [*app.conf.task_queues, Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE)]


@app.task(name="bench.nothing", queue=QUEUE)
def nothing() -> None:
    """The plain no-op task."""


@app.task(name="bench.one_by_one", queue=QUEUE)
def one_by_one(tenant: str, event_id: str, amount: int) -> None:
    with in_tenant(tenant_for_task(tenant)):
        apply_as_people_write_it(event_id, amount)


@subscriber("bench.timed", Sold, queue=QUEUE)
def note_time(sold: Sold, delivery: Delivery[Sold]) -> None:
    from benchmarks.declarations import Effect

    Effect.objects.create(event_id=delivery.envelope.event_id, amount=sold.amount)
    sale_id = str(sold.sale_id)

    def tell() -> None:
        client.hset(APPLIED, sale_id, str(time.time()))

    transaction.on_commit(tell)


register_drains(app)
registered: Any = app.tasks
