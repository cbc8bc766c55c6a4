"""The AsyncAPI 3 document of what leaves a shop: every integration event in every version, and how it is reached.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from events.contracts.schemas import SchemaBook
from events.event import Category, EventType, all_types
from events.versions import can_downcast
from integrations.cloudevents import CONTENT_TYPE
from integrations.outward import UNDELIVERABLE

VERSION = "1.0.0"
Document = dict[str, Any]

INFO = {
    "title": "Tillflow events",
    "version": VERSION,
    "description": "What happens in a shop, as CloudEvents 1.0 in commit order for each subject; at least once, "
    "with the event's id as the key by which a repetition is known. Feeds and streams name an event that cannot be "
    f"delivered: in its place they give one of the type {UNDELIVERABLE}, whose data has event_id, type, version, "
    "position, stream and reason. They go on at a cursor that they have given: a position, after a restore from a "
    "backup EPOCH-POSITION. A malformed one is answered with 400 cursor-invalid; with 410 one that leads nowhere: "
    "cursor-expired (events after it are in archives only), cursor-ahead (the log does not reach there) and "
    "cursor-of-another-epoch (the log was restored since); the last two name where to go on as resume_after. "
    "A restore gives positions and stream versions again: compare epoch and position, never the position alone.",
    "license": {"name": "MIT"},
}
SERVERS = {
    "webhooks": {
        "host": "your-endpoint.example.com",
        "protocol": "https",
        "description": "POSTed to the shop's endpoints, signed as Standard Webhooks has it",
    },
    "feed": {
        "host": "shop.example.com",
        "pathname": "/api/v1/events",
        "protocol": "https",
        "description": "Pulled page by page, or followed at /stream as server-sent events; resumable by cursor",
    },
    "kafka": {"host": "kafka.example.com:9092", "protocol": "kafka", "description": "Keyed by tenant and subject"},
    "rabbitmq": {"host": "rabbitmq.example.com:5672", "protocol": "amqp", "description": "A topic exchange, by type"},
    "sns": {
        "host": "sns.eu-west-1.amazonaws.com",
        "protocol": "sns",
        "description": "FIFO topics keep each subject's order",
    },
    "sqs": {
        "host": "sqs.eu-west-1.amazonaws.com",
        "protocol": "sqs",
        "description": "FIFO queues keep each subject's order",
    },
}


def document(book: SchemaBook) -> Document:
    """Write the document from the declared events and the committed schemas of their versions."""
    channels: Document = {}
    operations: Document = {}
    messages: Document = {}
    schemas: Document = {}
    for event_type in all_types():
        if event_type.category is not Category.INTEGRATION:
            continue
        channel = _component(event_type.name)
        offered = {}
        for version, schema in _served_versions(book, event_type):
            name = f"{channel}_v{version}"
            schemas |= _hoisted(name, schema)
            messages[name] = _message(event_type, name, version)
            offered[name] = {"$ref": f"#/components/messages/{name}"}
        channels[channel] = {
            "address": event_type.name,
            "title": event_type.cls.__name__,
            "description": _said(event_type),
            "messages": offered,
            "bindings": {"kafka": {"topic": "tillflow.events"}},
        }
        operations[f"send_{channel}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": f"The shop says that {event_type.name} has happened.",
        }
    return {
        "asyncapi": "3.0.0",
        "info": INFO,
        "defaultContentType": CONTENT_TYPE,
        "servers": SERVERS,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _served_versions(book: SchemaBook, event_type: EventType) -> Iterator[tuple[int, Document]]:
    for version in range(1, event_type.version + 1):
        revisions = book.revisions(event_type.name, version)
        if revisions and can_downcast(event_type.name, event_type.version, version):
            yield version, revisions[-1]


def _message(event_type: EventType, name: str, version: int) -> Document:
    return {
        "name": event_type.name,
        "title": f"{event_type.cls.__name__}, version {version}",
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                "webhook-id": {"type": "string", "description": "The event's id; the same at every attempt"},
                "webhook-timestamp": {"type": "string", "description": "Unix time of the attempt"},
                "webhook-signature": {"type": "string", "description": "v1,… for each secret that is valid"},
            },
        },
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "subject", "time", "dataschema", "data"],
            "properties": {
                "specversion": {"type": "string", "const": "1.0"},
                "id": {"type": "string", "format": "uuid"},
                "source": {"type": "string", "format": "uri"},
                "type": {"type": "string", "const": event_type.name},
                "subject": {"type": "string", "description": f"The stream: {event_type.stream}"},
                "time": {"type": "string", "format": "date-time"},
                "datacontenttype": {"type": "string", "const": "application/json"},
                "dataschema": {"type": "string", "format": "uri"},
                "dataversion": {"type": "integer", "const": version},
                "tenant": {"type": "string"},
                "epoch": {"type": "integer", "description": "In which the position was given, if not the first"},
                "position": {"type": "integer", "description": "Its place in the shop's log, in commit order"},
                "streamversion": {"type": "integer", "description": "Its place on its stream: 1, 2, 3…"},
                "recordedtime": {"type": "string", "format": "date-time"},
                "correlationid": {"type": "string", "format": "uuid"},
                "causationid": {"type": "string", "format": "uuid"},
                "traceparent": {"type": "string"},
                "data": {"$ref": f"#/components/schemas/{name}"},
            },
        },
    }


def _hoisted(name: str, schema: Document) -> Document:
    """Bring a schema and its parts among the components, and let its references point there."""
    parts = {f"{name}_{part}": inner for part, inner in schema.get("$defs", {}).items()}
    own = {key: value for key, value in schema.items() if key not in {"$schema", "$id", "$defs"}}
    return {key: _pointed(name, value) for key, value in {name: own, **parts}.items()}


def _pointed(name: str, part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: f"#/components/schemas/{name}_{value.rsplit('/', 1)[1]}" if key == "$ref" else _pointed(name, value)
            for key, value in part.items()
        }
    return [_pointed(name, inner) for inner in part] if isinstance(part, list) else part


def _component(type_name: str) -> str:
    return type_name.replace(".", "_")


def _said(event_type: EventType) -> str:
    said = event_type.cls.__doc__ or ""
    return "" if said.startswith(f"{event_type.cls.__name__}(") else cleandoc(said)
