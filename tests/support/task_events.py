"""What workers tell of their tasks to whoever watches, as Flower does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from celery.events.state import State

from config.celery import app


@contextmanager
def watched() -> Iterator[State]:
    """Watch the workers of this broker; what is yielded knows their tasks."""
    seen, over = State(), threading.Event()
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": seen.event})

        def watch() -> None:
            with receiver.consumer_context(wakeup=False) as (listening, *_):
                while not over.is_set():
                    with suppress(TimeoutError):
                        listening.drain_events(timeout=0.2)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join(10)
