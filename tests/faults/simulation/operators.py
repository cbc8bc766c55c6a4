"""Operators, who decide about parked events while drains run: retry, discard, or publish an edited copy.

They mean one event, those of one kind of error, or, to retry them, all.

The statements are those of the services, which are written with the ORM and cannot be run here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import OperationalError

from events.subscriptions.parking import State
from tests.faults.simulation.database import LockTimeout
from tests.faults.simulation.rows import ParkedRow

if TYPE_CHECKING:
    from tests.faults.simulation.shop import Shop

PATIENCE_SECONDS = 5.0
HEADS = (State.RETRYING, State.DEAD)


class Busy(Exception):
    """The subscription was locked for longer than an operator waits."""


@dataclass(frozen=True, kw_only=True)
class Meant:
    """:param position: of the one event; None for every one. :param fingerprint: of the kind of error; empty for any."""

    position: int | None = None
    fingerprint: str = ""

    def matches(self, row: ParkedRow) -> bool:
        return (
            row.state in HEADS and self.position in {None, row.position} and self.fingerprint in {"", row.fingerprint}
        )


class Operators:
    def __init__(self, shop: "Shop") -> None:
        self.shop, self.world, self.database = shop, shop.world, shop.database
        self.random, self.protocol = shop.random, shop.protocol

    def work(self, *, until: float) -> None:
        """Decide, again and again, about what is parked in one tenant for one subscriber."""
        while self.world.now < until:
            self.world.sleep(self.random.uniform(0.1, 2))
            tenant, subscriber = self.random.choice(self._at_work() or self.shop.bound())
            heads = list(self._heads(tenant, subscriber))
            if not heads:
                continue
            chosen = self.random.choice(heads)
            one, kind = Meant(position=chosen.position), Meant(fingerprint=chosen.fingerprint)
            act, meant = self.random.choice(
                [
                    (self.retry, one),
                    (self.retry, kind),
                    (self.retry, Meant()),
                    (self.discard, one),
                    (self.discard, kind if chosen.fingerprint else one),
                    (self.edit, one),
                ]
            )
            try:
                act(tenant, subscriber, meant)
            except (Busy, OperationalError):
                continue

    def _at_work(self) -> list[tuple[str, str]]:
        """List the subscriptions that are locked: there an operator meets a drain."""
        return [key for key in self.shop.bound() if ("subscriptions", *key) in self.database.owners]

    def retry(self, tenant: str, subscriber: str, meant: Meant) -> None:
        with self.protocol.unit_of_work():
            self._lock(tenant, subscriber)
            self._update_heads(tenant, subscriber, meant)
        self._ring(tenant, subscriber)

    def discard(self, tenant: str, subscriber: str, meant: Meant) -> None:
        """Give up one event, or those of one kind; the next one that waits on each stream is tried."""
        with self.protocol.unit_of_work():
            self._lock(tenant, subscriber)
            for head in self._locked_heads(tenant, subscriber, meant):
                self._discard(tenant, head)
        self._ring(tenant, subscriber)

    def edit(self, tenant: str, subscriber: str, meant: Meant) -> None:
        """Publish a copy for this subscriber alone, and discard the original."""
        with self.protocol.unit_of_work():
            self._lock(tenant, subscriber)
            heads = self._locked_heads(tenant, subscriber, meant)
            if not heads:
                return
            original = self.protocol.read_at(tenant, heads[0].position).envelope
            self.protocol.publish(tenant, original.type, original.stream, audience=subscriber)
            self._discard(tenant, heads[0])
        self._ring(tenant, subscriber)

    def _lock(self, tenant: str, subscriber: str) -> None:
        """Lock the subscription's row, waiting as long as a person would. :raises Busy: when it is held for longer."""
        if self.shop.variant.operators_without_lock:
            return
        self.database.snapshot(tenant)
        try:
            self.database.lock(("subscriptions", tenant, subscriber), patience=PATIENCE_SECONDS)
        except LockTimeout:
            raise Busy from None

    def _heads(self, tenant: str, subscriber: str) -> Iterator[ParkedRow]:
        rows = self.database.snapshot(tenant)
        return (row for row in rows.parked_of(subscriber) if row.state in HEADS)

    def _update_heads(self, tenant: str, subscriber: str, meant: Meant) -> None:
        now = self.world.now

        def again(row: ParkedRow) -> ParkedRow | None:
            if not meant.matches(row):
                return None
            return replace(row, state=State.RETRYING, attempts=0, next_attempt_at=now)

        self._each(tenant, subscriber, meant, again)

    def _locked_heads(self, tenant: str, subscriber: str, meant: Meant) -> list[ParkedRow]:
        """`SELECT … FOR NO KEY UPDATE`: in their newest versions, where those are heads."""
        return self._each(tenant, subscriber, meant, lambda row: row if meant.matches(row) else None)

    def _each(
        self, tenant: str, subscriber: str, meant: Meant, change: Callable[[ParkedRow], ParkedRow | None]
    ) -> list[ParkedRow]:
        """Lock and change the rows that the statement's snapshot has found, one after the other."""
        chosen = sorted(self._heads(tenant, subscriber), key=lambda row: row.position)
        done = []
        for row in chosen:
            if meant.matches(row):
                changed = self.database.change_newest(tenant, "parked", row.id, change)
                if changed is not None:
                    done.append(changed)
        return done

    def _discard(self, tenant: str, row: ParkedRow) -> None:
        """Saved by its key, whatever its state is by now."""
        self.database.update(tenant, "parked", row.id, lambda newest: replace(newest, state=State.DISCARDED))
        self.protocol.release_next(tenant, row.subscriber, row.stream)

    def _ring(self, tenant: str, subscriber: str) -> None:
        self.shop.bells.ring_again(tenant, self.shop.known(subscriber))
