"""One event, one effect, and the ways to get from one to the other."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, models, transaction

from events.event import Category, Event, event
from events.subscribing import Delivery, subscriber
from kernel.arrays import array

QUEUE = "bench"
TABLES = """
CREATE TABLE IF NOT EXISTS bench_effect (id bigserial PRIMARY KEY, event_id uuid NOT NULL, amount bigint NOT NULL);
CREATE TABLE IF NOT EXISTS bench_processed (event_id uuid PRIMARY KEY, processed_at timestamptz NOT NULL DEFAULT now());
"""


@event("bench.sold", category=Category.DOMAIN, stream="bench:{sale_id}")
class Sold(Event):
    sale_id: UUID
    amount: int


class Effect(models.Model):
    event_id = models.UUIDField()
    amount = models.BigIntegerField()

    class Meta:
        app_label = "benchmarks"
        managed = False
        db_table = "bench_effect"


class Processed(models.Model):
    event_id = models.UUIDField(primary_key=True)
    processed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "benchmarks"
        managed = False
        db_table = "bench_processed"


@subscriber("bench.ordinary", Sold, queue=QUEUE)
def apply_one(sold: Sold, delivery: Delivery[Sold]) -> None:
    Effect.objects.create(event_id=delivery.envelope.event_id, amount=sold.amount)


@subscriber("bench.batch", Sold, queue=QUEUE, batch=True, batch_size=1000)
def apply_many(deliveries: Sequence[Delivery[Sold]]) -> None:
    event_ids = array(delivery.envelope.event_id for delivery in deliveries)
    amounts = array(delivery.event.amount for delivery in deliveries)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_effect (event_id, amount) SELECT * FROM unnest(%s::uuid[], %s::bigint[])",
            [event_ids, amounts],
        )


def apply_as_people_write_it(event_id: str, amount: int) -> None:
    """The usual task: one transaction, a processed row, one effect."""
    with transaction.atomic():
        _, fresh = Processed.objects.get_or_create(event_id=event_id)
        if fresh:
            Effect.objects.create(event_id=event_id, amount=amount)
