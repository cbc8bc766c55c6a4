"""What must be true when a simulated day is over, read from the rows alone."""

from collections import Counter
from collections.abc import Iterator

from events.delivery.poison import STARTS_BEFORE_DEAD
from events.log.envelope import Envelope
from events.subscriptions.parking import State
from tests.faults.simulation.releases import identity
from tests.faults.simulation.shop import Shop


def findings(shop: Shop) -> Iterator[str]:
    """Say what the day broke; nothing when the protocol held."""
    if shop.database.deadlocks:
        yield f"deadlock: {shop.database.deadlocks}"
    for tenant, rows in shop.database.tenants.items():
        positions = [event.envelope.position for event in rows.history()]
        if positions != list(range(1, len(positions) + 1)):
            yield f"log: {tenant} has positions {positions}"
        versions: dict[str, int] = {}
        for event in rows.history():
            stream = event.envelope.stream
            versions[stream] = versions.get(stream, 0) + 1
            if event.envelope.stream_version != versions[stream]:
                yield f"log: {tenant} {stream} has version {event.envelope.stream_version} for {versions[stream]}"
        for name in rows.subscriptions:
            yield from _of_subscriber(shop, tenant, name)
    yield from shop.surprises[:3]


def _of_subscriber(shop: Shop, tenant: str, name: str) -> Iterator[str]:
    rows = shop.database.tenants[tenant]
    heard = rows.bound(name)
    due = [event.envelope for event in rows.history() if rows.is_for(name, heard, event.envelope)]
    applied = [position for subscriber, position in rows.effects.values() if subscriber == identity(name)]
    where = f"{tenant} {name}"
    yield from (f"repeated: {where} {position}" for position, times in Counter(applied).items() if times > 1)
    yield from (f"applied, and not bound: {where} {p}" for p in sorted(set(applied) - {e.position for e in due}))
    yield from (f"reordered: {where} {said}" for said in _reordered(due, applied))
    yield from (f"{said}: {where} {position}" for said, position in _unaccounted(shop, tenant, name, due, applied))
    yield from (f"{said}: {where} {position}" for said, position in _parked_wrongly(shop, tenant, name, due))


def _reordered(due: list[Envelope], applied: list[int]) -> Iterator[str]:
    streams = {envelope.position: envelope.stream for envelope in due}
    last: dict[str, int] = {}
    for position in applied:
        stream = streams.get(position, "?")
        if position < last.get(stream, 0):
            yield f"{stream} {position} after {last[stream]}"
        last[stream] = max(last.get(stream, 0), position)


def _unaccounted(
    shop: Shop, tenant: str, name: str, due: list[Envelope], applied: list[int]
) -> Iterator[tuple[str, int]]:
    rows = shop.database.tenants[tenant]
    parked = Counter(row.position for row in rows.parked.values() if row.subscriber == name)
    for position in (envelope.position for envelope in due):
        processed = (name, position) in rows.processed
        if not processed and not parked[position]:
            yield "lost", position
        elif processed and position not in applied:
            yield "lost", position
        elif processed + parked[position] != 1 or (parked[position] and position in applied):
            yield "unaccounted", position


def _parked_wrongly(shop: Shop, tenant: str, name: str, due: list[Envelope]) -> Iterator[tuple[str, int]]:
    """Only what cannot be applied is dead; only what stands behind it waits, and nothing passes it."""
    parked = {
        row.position: row.state for row in shop.database.tenants[tenant].parked.values() if row.subscriber == name
    }
    dead: set[str] = set()
    for envelope in due:
        position, state = envelope.position, parked.get(envelope.position)
        if state is State.DEAD:
            dead.add(envelope.stream)
            if not _incurable(shop, name, tenant, position):
                yield "dead without a reason", position
        elif state not in (None, State.DISCARDED) and (state is State.RETRYING or envelope.stream not in dead):
            yield "stuck", position
        elif state is None and envelope.stream in dead:
            yield "reordered: passed a dead event", position


def _incurable(shop: Shop, name: str, tenant: str, position: int) -> bool:
    """Say whether an event never heals, or its workers were killed often enough to be taken for its doing."""
    me = identity(name)
    return (
        shop.troubles.last(me, tenant, position) or shop.strikes.killed_draining[tenant, me] >= STARTS_BEFORE_DEAD - 1
    )
