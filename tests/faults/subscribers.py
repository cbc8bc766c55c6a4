"""Troubled subscribers: steady, flaky, slow, in batches, those that a release brings, and those that do what they must not.

Each writes a row into a table without any key, so that a repetition is seen.
"""

import os
import signal
import time
from collections.abc import Sequence

from events.publishing.publish import publish
from events.subscribing import Backoff, Delivery, subscriber
from inventory.events import InventoryStockChanged
from pos.events import OrderCompleted, OrderPlaced
from tests.faults import declared
from tests.faults.dice import dice, kills_of, refusals_of, way_of
from tests.faults.effects import are_slow, marked, write
from tests.faults.events import GENERATION, KINDS, RENAMED, Counted
from tests.faults.misbehaving import misbehave

SOON = Backoff(base=0.2, cap=2.0, attempts=8)
SOON_DEAD = Backoff(base=0.1, cap=0.2, attempts=2)
SLOW_SECONDS = 0.1


class Refused(Exception):
    """No retry helps, before somebody has done something about it."""


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
    if marked(delivery.envelope.event_id, "killed", kills_of(delivery.envelope.event_id)):
        os.kill(os.getpid(), signal.SIGKILL)


@subscriber("faults.misbehaving", OrderCompleted, from_beginning=True, backoff=SOON_DEAD)
def do_what_handlers_must_not(_event: OrderCompleted, delivery: Delivery[OrderCompleted]) -> None:
    write("faults.misbehaving", delivery.envelope)
    misbehave(way_of(delivery.envelope.event_id), delivery.envelope.event_id)


@subscriber(
    "faults.picky", OrderPlaced, OrderCompleted, InventoryStockChanged, from_beginning=True, permanent=(Refused,)
)
def refuse_until_tried_again(_event: object, delivery: Delivery[object]) -> None:
    """Refuse some events: what operators decide about."""
    write("faults.picky", delivery.envelope)
    if marked(delivery.envelope.event_id, "refused", refusals_of(delivery.envelope.event_id)):
        message = f"of the kind {dice('kind', delivery.envelope.event_id, 3) * 'i'}"
        raise Refused(message)


def lag(delivery: Delivery[object]) -> None:
    """Take time while handlers are slow; fail one event in ten at its first attempt, having taken the time."""
    if are_slow():
        time.sleep(SLOW_SECONDS)
    if delivery.attempt == 1 and dice("lags", delivery.envelope.event_id, 10) == 0:
        message = "failed at the first attempt"
        raise RuntimeError(message)


@subscriber("faults.laggard", OrderPlaced, OrderCompleted, InventoryStockChanged, from_beginning=True, backoff=SOON)
def lag_behind(_event: object, delivery: Delivery[object]) -> None:
    write("faults.laggard", delivery.envelope)
    lag(delivery)


@subscriber(
    "faults.laggards", OrderPlaced, OrderCompleted, InventoryStockChanged, from_beginning=True, backoff=SOON, batch=True
)
def lag_behind_together(deliveries: Sequence[Delivery[object]]) -> None:
    for delivery in deliveries:
        write("faults.laggards", delivery.envelope)
        lag(delivery)


@subscriber("faults.teller", OrderCompleted, from_beginning=True)
def tell_in_words_of_the_generation(event: OrderCompleted, delivery: Delivery[OrderCompleted]) -> None:
    write("faults.teller", delivery.envelope)
    publish(Counted(order_id=event.order_id))
    if KINDS:
        publish(KINDS[GENERATION](order_id=event.order_id))


@subscriber("faults.versions", Counted, from_beginning=True)
def hear_all_versions(_event: Counted, delivery: Delivery[Counted]) -> None:
    write("faults.versions", delivery.envelope)


@subscriber("faults.grown", OrderPlaced, *KINDS.values(), from_beginning=True)
def hear_one_more_type_each_time(_event: object, delivery: Delivery[object]) -> None:
    write("faults.grown", delivery.envelope)


def _newcomer(number: int) -> None:
    name = declared.newcomer(number)

    @subscriber(name, KINDS[number])
    def come_with_a_type(_event: object, delivery: Delivery[object]) -> None:
        write(name, delivery.envelope)


for number in KINDS:
    _newcomer(number)


@subscriber(
    declared.renamed_to(RENAMED),
    OrderPlaced,
    OrderCompleted,
    from_beginning=True,
    renamed_from=declared.renamed_to(RENAMED - 1) if RENAMED else (),
)
def change_the_name(_event: object, delivery: Delivery[object]) -> None:
    write("faults.renamed", delivery.envelope)
