"""What arrived at the shops' webhook endpoints, held against the log: signed, at least once, in order for each stream."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TYPES = ("pos.order_placed", "pos.order_completed", "inventory.stock_changed")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """:param signed: whether one of its signatures is made with the shop's secret. :param taken: whether it was kept."""

    shop: str
    id: str
    signed: bool
    taken: bool


@dataclass(frozen=True, kw_only=True)
class Due:
    """An event that the shop's endpoint must be told of."""

    id: str
    position: int
    stream: str


def written(journal: Path) -> list[Arrival]:
    """Read the receiver's journal, in the order of what it lists."""
    return [Arrival(**json.loads(line)) for line in journal.read_text().splitlines()]


def findings(shop: str, due: Iterable[Due], arrivals: Iterable[Arrival]) -> Iterator[tuple[str, str]]:
    """Say what is wrong with what arrived for a shop, each by its kind."""
    by_id = {event.id: event for event in sorted(due, key=lambda event: event.position)}
    waiting: dict[str, list[str]] = {}
    for event in by_id.values():
        waiting.setdefault(event.stream, []).append(event.id)
    seen: set[str] = set()
    for arrival in arrivals:
        if arrival.shop != shop:
            continue
        if arrival.id not in by_id:
            yield "leaked", f"{shop} webhook {arrival.id} is of no event that it is to be told of"
            continue
        if not arrival.signed:
            yield "leaked", f"{shop} webhook {arrival.id} is not signed with its secret"
        ahead = waiting[by_id[arrival.id].stream]
        if arrival.id not in seen and ahead[0] != arrival.id:
            yield "reordered", f"{shop} webhook {arrival.id} arrived before {ahead[0]} was taken"
        seen.add(arrival.id)
        if arrival.taken and arrival.id in ahead:
            ahead.remove(arrival.id)
    for left in waiting.values():
        yield from (("lost", f"{shop} webhook {event_id} was never taken") for event_id in left)
