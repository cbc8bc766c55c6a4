"""Events as older code has stored them."""

from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from events.event import find_type
from events.log.log import NewEvent, append, head
from kernel.ids import new_id
from kernel.tenancy import current_tenant
from tests.support import make
from tests.support.golden import golden


def stored(name: str, version: int, *, stream: str = "", **changed: Any) -> int:
    """Append an event of an older version to the current tenant's log; return its position."""
    data = {**golden(name, version), **changed}
    event_id: UUID = new_id()
    event = NewEvent(
        event_id=event_id,
        type=name,
        version=version,
        category=find_type(name).category.name,
        stream=stream or f"older:{event_id}",
        occurred_at=make.NOW,
        correlation_id=event_id,
        causation_id=None,
        actor="",
        traceparent="",
        data=msgspec.json.encode(data).decode(),
    )
    with transaction.atomic():
        append(current_tenant(), [event])
    return head(current_tenant())
