"""Troubled subscribers: steady, flaky, slow, in batches, and one that kills its process.

Each writes a row into a table without any key, so that a repetition is seen.
"""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from django.db import connection

from events.delivery import Delivery, Envelope
from events.subscriptions import Backoff, subscriber
from pos.events import OrderCompleted, OrderPlaced
from tests.faults.dice import dice, kills_of

SOON = Backoff(base=0.2, cap=2.0, attempts=8)
KILLS = Path(os.environ.get("FAULTS_KILLS", "/nonexistent"))


def write(subscriber_name: str, envelope: Envelope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO faults_effect (subscriber, position, stream, event_id) VALUES (%s, %s, %s, %s)",
            [subscriber_name, envelope.position, envelope.stream, envelope.event_id],
        )


@subscriber("faults.steady", OrderPlaced, OrderCompleted, from_beginning=True)
def write_steadily(_event: object, delivery: Delivery[object]) -> None:
    write("faults.steady", delivery.envelope)


@subscriber("faults.flaky", OrderPlaced, OrderCompleted, from_beginning=True, backoff=SOON)
def fail_at_random(_event: object, delivery: Delivery[object]) -> None:
    write("faults.flaky", delivery.envelope)
    fails = max(0, dice("fails", delivery.envelope.event_id, 12) - 8)
    if delivery.attempt <= fails:
        message = f"attempt {delivery.attempt} of {fails + 1}"
        raise RuntimeError(message)


@subscriber("faults.slow", OrderCompleted, from_beginning=True, batch_size=5)
def take_time(_event: OrderCompleted, delivery: Delivery[OrderCompleted]) -> None:
    time.sleep(dice("slow", delivery.envelope.event_id, 10) / 50)
    write("faults.slow", delivery.envelope)


@subscriber("faults.batch", OrderPlaced, OrderCompleted, from_beginning=True, batch=True, batch_size=7)
def write_many(deliveries: Sequence[Delivery[object]]) -> None:
    for delivery in deliveries:
        write("faults.batch", delivery.envelope)


@subscriber("faults.killer", OrderCompleted, from_beginning=True)
def kill_own_process(_event: OrderCompleted, delivery: Delivery[OrderCompleted]) -> None:
    write("faults.killer", delivery.envelope)
    event_id = delivery.envelope.event_id
    mark = KILLS / f"{event_id}"
    killed = len(mark.read_text()) if mark.exists() else 0
    if killed < kills_of(event_id):
        mark.write_text("x" * (killed + 1))
        os.kill(os.getpid(), signal.SIGKILL)
