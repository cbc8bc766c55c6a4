"""What the event layer keeps, for all tenants in the shared schema.

The tables are written in SQL (`migrations/0002_tables.py`): partitions and row-level security are not Django's. A
session sees only the rows of the schema that its search_path names first; only a session in `public` sees all.

One file for each room whose rows they are.
"""

from events.models.contracts import VersionPin
from events.models.idempotency import IdempotencyRecord
from events.models.log import Archive, Event
from events.models.operations import AuditEntry, OperatorAction
from events.models.outgoing import Outgoing
from events.models.publishing import KeptSecret
from events.models.subscriptions import Binding, ParkedEvent, ProcessedEvent, Subscription
from events.models.walled import Walled

__all__ = [
    "Archive",
    "AuditEntry",
    "Binding",
    "Event",
    "IdempotencyRecord",
    "KeptSecret",
    "OperatorAction",
    "Outgoing",
    "ParkedEvent",
    "ProcessedEvent",
    "Subscription",
    "VersionPin",
    "Walled",
]
