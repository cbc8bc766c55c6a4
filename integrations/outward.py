"""What leaves for consumers: an event in the version that they are served, or the reason why it cannot be delivered.

Feeds, live streams, webhooks and bridges all ask here, whatever is stored: a type that nobody declares any more, data
that no longer fits, a step between versions that fails, a pin to a version that is gone. Nothing raises.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from events.delivery.verdicts import is_told_to_end
from events.event import EventUnreadable, find_type
from events.events import TRIAL
from events.log.epochs import FIRST_EPOCH
from events.log.log import StoredEvent
from integrations.cloudevents import encoded, rendered
from integrations.terms import Terms

UNDELIVERABLE = "tillflow.event_undeliverable"
LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Outward:
    """An event as a CloudEvent: as an object, and as the bytes of its JSON."""

    event: dict[str, Any]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Undeliverable:
    """An event that cannot be delivered.

    :param epoch: in which its position was given. :param newer: whether newer code may be able to deliver it.
    """

    stored: StoredEvent
    epoch: int
    reason: str
    newer: bool

    @property
    def id(self) -> UUID:
        """Identify the notice. It is not the event's id, by which a consumer would know the event itself as seen."""
        return uuid5(self.stored.envelope.event_id, UNDELIVERABLE)

    def notice(self) -> dict[str, Any]:
        """Name the event: the data of what a reader of a feed or stream is given in its place."""
        envelope = self.stored.envelope
        return {
            "event_id": str(envelope.event_id),
            "type": envelope.type,
            "version": envelope.version,
            "position": envelope.position,
            "stream": envelope.stream,
            "reason": self.reason,
        }

    def event(self) -> dict[str, Any]:
        """Write the notice as a CloudEvent in the place of the event."""
        envelope = self.stored.envelope
        event = {
            "specversion": "1.0",
            "id": str(self.id),
            "source": f"urn:tillflow:tenant:{envelope.tenant_id}",
            "type": UNDELIVERABLE,
            "subject": envelope.stream,
            "time": envelope.occurred_at.isoformat(),
            "datacontenttype": "application/json",
            "tenant": envelope.tenant_id,
            "position": envelope.position,
            "streamversion": envelope.stream_version,
            "recordedtime": envelope.recorded_at.isoformat(),
            "data": self.notice(),
        }
        return event if self.epoch == FIRST_EPOCH else {**event, "epoch": self.epoch}


def outward(stored: StoredEvent, terms: Terms) -> Outward | Undeliverable:
    """Render a stored event in the version that its reader is pinned to, or in the newest.

    An event that newer code has stored is delivered as it is stored, unless its reader is pinned.
    """
    envelope = stored.envelope
    newer, epoch = False, terms.epochs.of(envelope.position)
    try:
        known = find_type(envelope.type).version
        newer = envelope.version > known
        version = terms.pins.get(envelope.type) or max(known, envelope.version)
        event = rendered(stored, version=version, epoch=epoch)
        if not isinstance(event["data"], dict):
            reason = f"its data is a JSON {type(event['data']).__name__}, not an object"
            return Undeliverable(stored=stored, epoch=epoch, reason=reason, newer=newer)
        return Outward(event=event, body=encoded(event))
    except EventUnreadable as error:
        return Undeliverable(stored=stored, epoch=epoch, reason=_short(str(error)), newer=False)
    except BaseException as error:
        if is_told_to_end(error):
            raise
        reason = _short(f"{type(error).__name__}: {error}")
        return Undeliverable(stored=stored, epoch=epoch, reason=reason, newer=newer)


def trial(*, trial_id: UUID, tenant_id: str, subject: str, made_at: datetime) -> Outward:
    """Make an event that no log holds, without position or data, for consumers to try their receiver with."""
    event = {
        "specversion": "1.0",
        "id": str(trial_id),
        "source": f"urn:tillflow:tenant:{tenant_id}",
        "type": TRIAL,
        "subject": subject,
        "time": made_at.isoformat(),
        "datacontenttype": "application/json",
        "tenant": tenant_id,
        "data": {},
    }
    return Outward(event=event, body=encoded(event))


def _short(reason: str) -> str:
    return reason[:LONGEST_REASON]
