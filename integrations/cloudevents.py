"""CloudEvents 1.0: how an event looks to the world, in the version that its reader is pinned to.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md; structured JSON, `application/cloudevents+json`.
"""

import json
from typing import Any

from events.contracts.schemas import schema_id
from events.event import find_type
from events.log.epochs import FIRST_EPOCH
from events.log.log import StoredEvent
from events.versions import recast

CONTENT_TYPE = "application/cloudevents+json"


def rendered(stored: StoredEvent, *, version: int | None = None, epoch: int = FIRST_EPOCH) -> dict[str, Any]:
    """Render a stored event; extension attributes carry what else the envelope knows.

    :param version: of the data; the newest one when None. :param epoch: in which its position was given; named
        from the second on.
    :raises VersionUnreachable: when the data cannot be turned into that version.
    """
    envelope = stored.envelope
    wanted = version or find_type(envelope.type).version
    event = {
        "specversion": "1.0",
        "id": str(envelope.event_id),
        "source": f"urn:tillflow:tenant:{envelope.tenant_id}",
        "type": envelope.type,
        "subject": envelope.stream,
        "time": envelope.occurred_at.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": schema_id(envelope.type, wanted),
        "tenant": envelope.tenant_id,
        "dataversion": wanted,
        "position": envelope.position,
        "streamversion": envelope.stream_version,
        "recordedtime": envelope.recorded_at.isoformat(),
        "correlationid": str(envelope.correlation_id),
        "data": data_in_version(stored, wanted),
    }
    if epoch != FIRST_EPOCH:
        event["epoch"] = epoch
    if envelope.causation_id is not None:
        event["causationid"] = str(envelope.causation_id)
    if envelope.traceparent:
        event["traceparent"] = envelope.traceparent
    return event


def data_in_version(stored: StoredEvent, version: int) -> dict[str, Any]:
    """:raises VersionUnreachable: when a step on the way is missing."""
    return recast(stored.envelope.type, json.loads(stored.data), version=stored.envelope.version, to=version)


def encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
