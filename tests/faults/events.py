"""Events of the harness's own, of which each generation of the declaration has one more, or a newer version."""

import os
from uuid import UUID

from events.event import Category, Event, event
from events.versions import upcaster
from tests.faults import declared

GENERATION = int(os.environ.get("FAULTS_GENERATION", "0"))
RENAMED = int(os.environ.get("FAULTS_RENAMED", "0"))


@event(declared.COUNTED, category=Category.DOMAIN, stream="count:{order_id}", version=GENERATION + 1)
class Counted(Event):
    """An order was completed; every generation says it in its version."""

    order_id: UUID


for version in range(2, GENERATION + 2):
    upcaster(declared.COUNTED, version=version)(lambda data: data)


def _kind(number: int) -> type:
    @event(declared.kind(number), category=Category.DOMAIN, stream=f"kind_{number}:{{order_id}}")
    class Kind:
        """An order was completed; nobody before this generation says it."""

        order_id: UUID

    return Kind


KINDS = {number: _kind(number) for number in range(1, GENERATION + 1)}
