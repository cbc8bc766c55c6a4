"""Mistakes at the front door of the event layer. Each marked line must be an error of mypy; nothing runs this file."""

from collections.abc import Sequence

from events.event import Event
from events.publishing.publish import publish
from events.subscribing import Delivery, Queue, subscriber
from pos.events import OrderCompleted, OrderPlaced, OrderVoided, ReturnCompleted


@subscriber("mistakes.another_event", OrderCompleted)  # wrong
def another_event(event: OrderVoided, delivery: Delivery[OrderVoided]) -> None: ...


@subscriber("mistakes.parameters", OrderCompleted)  # wrong
def without_delivery(event: OrderCompleted) -> None: ...


@subscriber("mistakes.batch", OrderCompleted, batch=True)  # wrong
def one_by_one(event: OrderCompleted, delivery: Delivery[OrderCompleted]) -> None: ...


@subscriber("mistakes.queue", OrderCompleted, queue="stok")  # wrong
def in_no_queue(event: OrderCompleted, delivery: Delivery[OrderCompleted]) -> None: ...


def publish_a_text() -> None:
    publish("not an event")  # wrong


@subscriber("right.each", OrderCompleted, queue=Queue.STOCK)
def each(event: OrderCompleted, delivery: Delivery[OrderCompleted]) -> None: ...


@subscriber("right.two", OrderCompleted, OrderVoided)
def two(event: OrderCompleted | OrderVoided, delivery: Delivery[OrderCompleted | OrderVoided]) -> None: ...


@subscriber("right.batch", OrderCompleted, batch=True)
def batch(deliveries: Sequence[Delivery[OrderCompleted]]) -> None: ...


@subscriber("right.four", OrderPlaced, OrderCompleted, OrderVoided, ReturnCompleted)
def four(event: Event, delivery: Delivery[Event]) -> None: ...
