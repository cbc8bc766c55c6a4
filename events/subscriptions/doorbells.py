"""Doorbells: the hint, sent through the broker, that a tenant has news for a subscriber. Losing one costs only time.

A bell rings for a round, that is for all subscribers of one queue. Those that forward elsewhere are rung for alone, and
so are those that something is special about: a retry is due, they have much pending, or they may kill their worker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from celery import current_app
from django_tenants.utils import get_public_schema_name

from events.observability import metrics
from events.subscriptions import keys
from events.subscriptions.broker import AWAY
from events.subscriptions.demand import is_wanted
from events.subscriptions.messages import list_of
from events.subscriptions.notes import TAKE_BACK, Note
from events.subscriptions.registry import Subscriber, known_subscriber, subscribers_of
from events.subscriptions.rounds import KEY_LIFETIME_MS, Rounds

logger = structlog.get_logger(__name__)

RUNNING_LIFETIME_MS = 600_000
BEHIND_LIFETIME_MS = 60_000
BACKLOG = "backlog"
"""The queue of drains that had more to do than their time allowed: they have separate slots, and delay nobody."""

LONGEST_COUNTDOWN = 75.0
AT_ONCE_MS = 500
"""Two delayed doorbells that would ring within this time are one."""
THIS_INSTANT_MS = 20
"""A delayed doorbell that rings within this time may be the one that is being answered: it counts for nothing."""


class Doorbells(Rounds):
    def ring(self, tenant_id: str, types: Iterable[str]) -> None:
        """Ring for every subscriber of these types whose doorbell does not ring yet. Never raises for the broker."""
        platform = tenant_id == get_public_schema_name()
        listening = subscribers_of(types, platform=platform)
        self.ring_for(tenant_id, [subscriber for subscriber in listening if is_wanted(tenant_id, subscriber)])

    def ring_for(self, tenant_id: str, subscribers: list[Subscriber]) -> None:
        queues = sorted({subscriber.queue for subscriber in subscribers if subscriber.in_rounds})
        self._ring_silent(tenant_id, queues, [subscriber for subscriber in subscribers if not subscriber.in_rounds])

    def ring_alone(self, tenant_id: str, subscribers: list[Subscriber]) -> None:
        """Ring for each of these under its own name, unless it rings already. Never raises for the broker."""
        self._ring_silent(tenant_id, [], subscribers)

    def ring_again(self, tenant_id: str, subscriber: Subscriber, *, countdown: float = 0.0) -> bool:
        """Ring without asking whether it rings already: for the sweeper, a spent time budget, a retry that is due.

        Returns whether the broker has taken it.
        """

        def ring() -> bool:
            behind = self._connected().exists(keys.behind(tenant_id, subscriber))
            self._send(tenant_id, subscriber, queue=BACKLOG if behind else subscriber.queue, countdown=countdown)
            return True

        return bool(self._try(ring, tenant=tenant_id))

    def ring_by_name(self, tenant_id: str, name: str) -> None:
        """Ring again for a subscriber; for one that this code lacks, a process of the code that has it sweeps."""
        subscriber = known_subscriber(name)
        if subscriber is not None:
            self.ring_again(tenant_id, subscriber)

    def ring_later(self, tenant_id: str, subscriber: Subscriber, *, countdown: float) -> None:
        """Ring once at that moment, unless it will ring before. A moment far away is left to the sweeper."""
        if countdown > LONGEST_COUNTDOWN:
            return
        key, milliseconds = keys.later(tenant_id, subscriber), int(countdown * 1000) + 1

        def claim() -> object:
            client = self._connected()
            if THIS_INSTANT_MS < client.pttl(key) <= milliseconds + AT_ONCE_MS:
                return False
            return client.set(key, "1", px=milliseconds)

        if self._try(claim, step="ring later"):
            self.ring_again(tenant_id, subscriber, countdown=countdown)

    def send(self, task: str, keywords: dict[str, str], *, queue: str, countdown: float = 0.0) -> bool:
        """Ask a worker for something that is due in the database anyway; never raises for the broker.

        Returns whether the broker has taken it.
        """
        sent = self._try(
            lambda: current_app.send_task(
                task, kwargs=keywords, queue=queue, countdown=min(countdown, LONGEST_COUNTDOWN) or None
            ),
            tenant=keywords["tenant"],
        )
        return sent is not None

    def answer(self, tenant_id: str, subscriber: Subscriber) -> bool:
        """Silence the doorbell, before anything is read: what is committed after the read rings again.

        Returns whether the drain before left so much that this one runs in the backlog.
        """

        def silence() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            pipeline.delete(keys.bell(tenant_id, subscriber))
            pipeline.exists(keys.behind(tenant_id, subscriber))
            return pipeline.execute()[1]

        return bool(self._try(silence, step="answer"))

    def begin(self, tenant_id: str, subscriber: Subscriber, note: Note) -> Note | None:
        """Note from where on the drain handles events; return the note of another one that has not yet ended."""
        running = keys.running(tenant_id, subscriber)
        found: Any = self._try(
            lambda: self._connected().set(running, str(note), px=RUNNING_LIFETIME_MS, get=True), step="begin"
        )
        before = Note.read(found) if found is not None else None
        return before if before is not None and before.run != note.run else None

    def end(self, tenant_id: str, subscriber: Subscriber, run: str, *, behind: bool = False) -> None:
        """Note that a run has ended. Until one catches up, the next ones that are rung for go to the backlog.

        The note of another run, which has begun since, is left.
        """

        def tell() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            if behind:
                pipeline.set(keys.behind(tenant_id, subscriber), "1", px=BEHIND_LIFETIME_MS)
            else:
                pipeline.delete(keys.behind(tenant_id, subscriber))
            pipeline.eval(TAKE_BACK, 1, keys.running(tenant_id, subscriber), f"{run} ")
            return pipeline.execute()

        self._try(tell, step="end")

    def remind(self, seconds: dict[str, float]) -> set[str]:
        """Note that each of these is asked for again, for so many seconds; return those whose note from before is gone.

        None of them while the broker is away.
        """

        def note() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            for name, lasting in seconds.items():
                pipeline.set(f"reminded:{name}", "1", nx=True, px=int(lasting * 1000))
            return pipeline.execute()

        answers: Any = self._try(note, step="remind") if seconds else None
        return {name for name, was_set in zip(seconds, answers, strict=True) if was_set} if answers else set()

    def waiting(self) -> dict[str, int]:
        """Count the messages that wait in each of the broker's queues; empty when the broker is away."""
        names = [queue.name for queue in current_app.conf.task_queues]

        def count() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            for name in names:
                pipeline.llen(list_of(name))
            return pipeline.execute()

        lengths: Any = self._try(count, step="count")
        return dict(zip(names, lengths, strict=True)) if lengths else {}

    def _ring_silent(self, tenant_id: str, queues: list[str], alone: list[Subscriber]) -> None:
        """Ring the bells of rounds and of single subscribers that are silent, while the circuit is closed."""
        bells = len(queues) + len(alone)
        if not bells or not self.breaker.allows():
            metrics.doorbells.labels("failed").inc(bells)
            return
        try:
            rounds, single = self._silent(tenant_id, queues, alone)
            self._push(tenant_id, rounds)
            for subscriber, queue in single:
                self._send(tenant_id, subscriber, queue=queue)
        except AWAY as error:
            self.breaker.failed()
            metrics.doorbells.labels("failed").inc(bells)
            logger.warning("doorbell_failed", tenant=tenant_id, error=f"{type(error).__name__}: {error}")
        else:
            self.breaker.worked()

    def _silent(
        self, tenant_id: str, queues: list[str], alone: list[Subscriber]
    ) -> tuple[list[str], list[tuple[Subscriber, str]]]:
        """Set the bells; return those that did not ring yet: of rounds, and of single subscribers with their queue."""
        pipeline = self._connected().pipeline(transaction=False)
        for queue in queues:
            pipeline.set(keys.round_bell(tenant_id, queue), "", nx=True, px=KEY_LIFETIME_MS)
        for subscriber in alone:
            pipeline.set(keys.bell(tenant_id, subscriber), "1", nx=True, px=KEY_LIFETIME_MS)
            pipeline.exists(keys.behind(tenant_id, subscriber))
        answers = pipeline.execute()
        rounds = [queue for queue, was_set in zip(queues, answers, strict=False) if was_set]
        of_alone = answers[len(queues) :]
        single = [
            (subscriber, BACKLOG if behind else subscriber.queue)
            for subscriber, was_set, behind in zip(alone, of_alone[::2], of_alone[1::2], strict=True)
            if was_set
        ]
        metrics.doorbells.labels("coalesced").inc(len(queues) + len(alone) - len(rounds) - len(single))
        return rounds, single

    def _send(self, tenant_id: str, subscriber: Subscriber, *, queue: str, countdown: float = 0.0) -> None:
        current_app.send_task(
            subscriber.name,
            kwargs={"tenant": tenant_id},
            queue=queue,
            countdown=min(countdown, LONGEST_COUNTDOWN) or None,
        )
        metrics.doorbells.labels("rung").inc()


doorbells = Doorbells()
