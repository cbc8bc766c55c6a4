"""Rounds, as the broker knows them: a bell for all subscribers of a queue, and what is noted of each one's drains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from events.observability import metrics
from events.subscriptions import keys
from events.subscriptions.broker import BrokerLink
from events.subscriptions.messages import list_of, round_message
from events.subscriptions.notes import TAKE_BACK, Note, Watched
from events.subscriptions.registry import Subscriber

ROUND_LIFETIME_MS = 400
"""How long the bell of a round that works rings on, unheard: its neighbours' news wait no longer for a slow handler."""
PUT_OFF_LIFETIME_MS = 1_000
"""How long the bell of a round that was put off rings after the moment that the round is due."""
KEY_LIFETIME_MS = 10_000
"""How long a bell rings whose message waits in line."""


class Rounds(BrokerLink):
    def begin_round(self, tenant_id: str, queue: str) -> float | None:
        """Let the bell ring on while the round works: what is committed meanwhile is found by its last look.

        Returns when the round before began, where it has put this one off.
        """
        found: Any = self._try(
            lambda: self._connected().set(keys.round_bell(tenant_id, queue), "", px=ROUND_LIFETIME_MS, get=True),
            step="begin round",
        )
        return float(found) if found else None

    def silence_round(self, tenant_id: str, queue: str, ended: Mapping[Subscriber, str]) -> None:
        """Silence the round's bell, before its last look: what is committed after that look rings again.

        :param ended: the runs of its drains that have ended.
        """

        def silence() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            _take_back_notes(pipeline, tenant_id, ended)
            pipeline.delete(keys.round_bell(tenant_id, queue))
            return pipeline.execute()

        self._try(silence, step="silence round")

    def put_off_round(
        self, tenant_id: str, queue: str, ended: Mapping[Subscriber, str], *, began: float, countdown: float
    ) -> None:
        """End a round that is followed by another one, which may be due at once; its bell rings until then.

        :param began: what the next one is told of the beginning of this one, 0 where nothing.
        """
        lifetime = int(countdown * 1000) + PUT_OFF_LIFETIME_MS if countdown else KEY_LIFETIME_MS

        def ring() -> object:
            pipeline = self._connected().pipeline(transaction=False)
            _take_back_notes(pipeline, tenant_id, ended)
            pipeline.set(keys.round_bell(tenant_id, queue), str(began) if began else "", px=lifetime)
            pipeline.execute()
            self._push(tenant_id, [queue], countdown=countdown)
            return True

        self._try(ring, step="put off round")

    def watched(self, tenant_id: str, subscribers: Collection[Subscriber]) -> dict[Subscriber, Watched]:
        """Return what is noted of each of these; nothing is noted while the broker is away."""
        asked = [key(tenant_id, each) for each in subscribers for key in (keys.running, keys.behind)]
        found: Any = self._try(lambda: self._connected().mget(asked), step="watch") or [None] * len(asked)
        return {
            subscriber: Watched(note=Note.read(note) if note is not None else None, behind=behind is not None)
            for subscriber, note, behind in zip(subscribers, found[::2], found[1::2], strict=True)
        }

    def _push(self, tenant_id: str, queues: list[str], *, countdown: float = 0.0) -> None:
        """Put the message of a round into each of these queues."""
        if not queues:
            return
        pipeline = self._connected().pipeline(transaction=False)
        for queue in queues:
            pipeline.lpush(list_of(queue), round_message(tenant_id, queue, countdown=countdown))
        pipeline.execute()
        metrics.doorbells.labels("rung").inc(len(queues))


def _take_back_notes(pipeline: Any, tenant_id: str, ended: Mapping[Subscriber, str]) -> None:
    """Take back what is noted of runs that have ended; the note of another run, which has begun since, is left."""
    for subscriber, run in ended.items():
        pipeline.eval(TAKE_BACK, 1, keys.running(tenant_id, subscriber), f"{run} ")
