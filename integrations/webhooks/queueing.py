"""From events to deliveries: one row for each endpoint that asked for them, in one statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from events.contracts.public_types import require_types
from events.log.envelope import Envelope
from events.log.horizon import require_kept
from events.log.log import between
from events.publishing.unit_of_work import unit_of_work
from integrations.webhooks.endpoints import find_endpoint
from integrations.webhooks.ringing import ring_after_commit
from kernel.ids import new_id
from kernel.refusals import Refusal
from kernel.tenancy import current_tenant

LARGEST_REPLAY = 100_000


class ReplayTooLarge(Refusal):
    code = "replay-too-large"
    title = "Too many events in the period"
    status = 422


_QUEUE = """
INSERT INTO events_webhookdelivery (id, tenant_id, endpoint_id, replay, position, event_id, type, stream, state,
    attempts, next_attempt_at, created_at)
SELECT gen_random_uuid(), %(tenant)s, endpoint.id, %(replay)s, event.position, event.id, event.type, event.stream,
    'PENDING', 0, clock_timestamp(), clock_timestamp()
FROM events_webhookendpoint endpoint
JOIN unnest(%(positions)s::bigint[], %(ids)s::uuid[], %(types)s::text[], %(streams)s::text[])
    AS event (position, id, type, stream)
    ON endpoint.types = '{}' OR event.type = ANY(endpoint.types)
WHERE endpoint.tenant_id = %(tenant)s AND endpoint.state <> 'DELETED' AND endpoint.id = coalesce(%(only)s, endpoint.id)
    AND (%(replay)s <> '' OR event.position > endpoint.start)
ORDER BY event.position
ON CONFLICT DO NOTHING
RETURNING endpoint_id
"""


def queue_deliveries(*, envelopes: Sequence[Envelope]) -> None:
    """Queue events for every endpoint that asked for them."""
    with unit_of_work():
        for endpoint_id in set(_queue(envelopes, replay="", only=None)):
            ring_after_commit(current_tenant(), endpoint_id)


def replay_period(*, endpoint_id: UUID, since: datetime, until: datetime, types: Sequence[str] = ()) -> tuple[str, int]:
    """Queue what was recorded in a period for an endpoint once more; return the replay's name and how many events.

    Each event keeps its id, by which the endpoint knows what it has. What is newer does not wait for it.

    :raises NotFound: when the tenant has no such endpoint.
    :raises EventArchived: when the period begins before what the log keeps.
    :raises TypesUnknown: when a type is no integration event.
    :raises ReplayTooLarge: when it holds more than 100,000 events.
    """
    replay, count, read = str(new_id()), 0, 0
    with unit_of_work():
        require_types(types)
        endpoint = find_endpoint(endpoint_id=endpoint_id)
        require_kept(since)
        wanted = types or endpoint.types
        for envelopes in between(current_tenant(), since=since, until=until, types=wanted, most=LARGEST_REPLAY + 1):
            read += len(envelopes)
            if read > LARGEST_REPLAY:
                message = f"more than {LARGEST_REPLAY:,} events were recorded in it; ask for a shorter one"
                raise ReplayTooLarge(message)
            count += len(_queue(envelopes, replay=replay, only=endpoint.id))
        if count:
            ring_after_commit(current_tenant(), endpoint.id)
    return replay, count


def _queue(envelopes: Sequence[Envelope], *, replay: str, only: UUID | None) -> list[UUID]:
    """Insert the rows; return the endpoint of each that is new."""
    with connection.cursor() as cursor:
        cursor.execute(
            _QUEUE,
            {
                "tenant": current_tenant(),
                "replay": replay,
                "only": only,
                "positions": [envelope.position for envelope in envelopes],
                "ids": [envelope.event_id for envelope in envelopes],
                "types": [envelope.type for envelope in envelopes],
                "streams": [envelope.stream for envelope in envelopes],
            },
        )
        return [endpoint_id for (endpoint_id,) in cursor.fetchall()]
