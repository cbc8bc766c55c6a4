"""The round: drain those subscribers of a queue that have news for a tenant, one after the other.

Its bell rings while it works, so that whoever publishes meanwhile sends nothing. It is silenced before the last look.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError

from events.delivery.bells import BellsInRound
from events.delivery.drain import Drain
from events.delivery.pace import BUDGET_SECONDS, pace_of
from events.delivery.rhythm import Rhythm
from events.delivery.sharing import SharedLog
from events.delivery.steps import Step
from events.delivery.store import Store
from events.delivery.verdicts import is_told_to_end, outages_raised_for_a_retry
from events.subscriptions.doorbells import Doorbells
from events.subscriptions.notes import Watched
from events.subscriptions.parking import STARTING_SECONDS, summary
from events.subscriptions.pending import Pending
from events.subscriptions.registry import Subscriber

logger = structlog.get_logger(__name__)

SHARE_SECONDS = 0.1
"""Whoever has more to do after so long goes on in the backlog."""
LONGEST_TOLD = 200


@dataclass(frozen=True, kw_only=True)
class Drained:
    """A drain that a round has run. :param failed: the error that has ended it; empty where none has."""

    subscriber: str
    handled: int
    seconds: float
    failed: str = ""

    @property
    def told(self) -> tuple[str, int, float, str]:
        """What the worker's parent is told of it, see `RoundRequest`: Celery writes results without escaping them."""
        failed = re.sub(r"[^A-Za-z0-9_ .,:;()-]", " ", self.failed)[:LONGEST_TOLD]
        return self.subscriber, self.handled, round(self.seconds, 4), failed


@dataclass
class Round:
    """One run of the task of rounds, in the tenant's schema.

    :param subscribers: those of one queue. :param drain: makes the drain of one of them, which does not look again, of
        the doorbells, the store and the seconds that it is given.
    :param clock: seconds, monotonic. :param now: seconds, by the clock that processes share.
    :param is_slow: whether one event of a subscriber takes longer than a round has.
    """

    tenant_id: str
    queue: str
    subscribers: Sequence[Subscriber]
    doorbells: Doorbells
    drain: Callable[[Subscriber, BellsInRound, Any, float], Drain]
    store: Store = field(default_factory=Store)
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    is_slow: Callable[[Subscriber], bool] = lambda subscriber: (pace_of(subscriber.name).seconds or 0) > BUDGET_SECONDS
    drained: list[Drained] = field(default_factory=list)
    cut_off: bool = False
    """Whether a drain has met an outage. It may be of that one alone; a second one is everybody's."""

    def __post_init__(self) -> None:
        self.bells, self.log = BellsInRound(self.doorbells), SharedLog(self.store)
        self.by_name = {subscriber.name: subscriber for subscriber in self.subscribers}
        self.left: set[str] = set()
        """Who is not drained in this round any more: another drain works on it, or it is drained alone."""
        self.failed: set[str] = set()
        """Those of them that an outage or an error of the drain itself has ended."""
        self.owed: set[str] = set()
        """Those of them that are to be rung for after the next look."""
        self.types = sorted({name for subscriber in self.subscribers for name in subscriber.heard})

    def run(self) -> list[Drained]:
        """Drain until nothing is left, the time is over, or it is better to wait for more.

        :raises OperationalError: when the database is away; or `InterfaceError`.
        """
        self.deadline = self.clock() + BUDGET_SECONDS
        self.rhythm = Rhythm(put_off_by=self.doorbells.begin_round(self.tenant_id, self.queue))
        try:
            self._go()
        except BaseException:
            self._silence()
            raise
        return self.drained

    def _go(self) -> None:
        chosen = self._choose(self._look())
        while not chosen or self._drain_in_turn(chosen):
            self._silence()
            if not (chosen := self._choose(self._look_again())):
                return
            self.doorbells.begin_round(self.tenant_id, self.queue)

    def _look(self) -> list[Pending]:
        self.rhythm.look(self.now())
        return self.log.look_for(self.tenant_id, list(self.by_name)) if self.by_name else []

    def _look_again(self) -> list[Pending]:
        """Look for what was committed since the last look. Where nothing was, only those are left that it has found."""
        if self.log.has_newer(self.tenant_id, self.types):
            return self._look()
        return [each for each in self.log.look.found if each.subscriber in self.owed]

    def _choose(self, found: list[Pending]) -> list[Subscriber]:
        """Return who is to be drained here, in turn: whose news is oldest comes first, so that nobody waits for good.

        Who is not is rung for: this round's bell has rung for it too.
        """
        by_age = sorted(found, key=attrgetter("first"))
        here = [self.by_name[each.subscriber] for each in by_age if each.subscriber not in self.left]
        watched = self.doorbells.watched(self.tenant_id, here) if here else {}
        self.left |= {each.subscriber for each in found if self._is_apart(each, watched)}
        away = [self.by_name[each.subscriber] for each in found if each.subscriber in self.left]
        if away:
            self.doorbells.ring_alone(self.tenant_id, away)
        self.owed.clear()
        return [subscriber for subscriber in here if subscriber.name not in self.left]

    def _is_apart(self, found: Pending, watched: dict[Subscriber, Watched]) -> bool:
        """Say whether a drain of it may hold the others up, or take them with it.

        One whose note names an earlier cursor has committed what it handled, and is about to end.
        """
        subscriber = self.by_name[found.subscriber]
        noted = watched.get(subscriber)
        if noted is None or found.apart or noted.behind:
            return True
        return (noted.note is not None and noted.note.cursor == found.cursor) or self.is_slow(subscriber)

    def _silence(self) -> None:
        self.doorbells.silence_round(self.tenant_id, self.queue, self.bells.ended)
        self.bells.ended.clear()

    def _drain_in_turn(self, chosen: list[Subscriber]) -> bool:
        """Drain these; say whether the round goes on. Where it does not, another one is rung for."""
        most = 0
        for number, subscriber in enumerate(chosen, start=1):
            most = max(most, self._drain(subscriber))
            if self.clock() >= self.deadline:
                self._put_off(0.0 if number < len(chosen) else self.rhythm.wait(most, self.now(), spent=True))
                return False
        wait = self.rhythm.wait(most, self.now())
        if wait:
            self._put_off(wait)
        return not wait

    def _put_off(self, seconds: float) -> None:
        """Give the slot back, and have the rest done in another round; who has failed in this one is not part of it."""
        for name in sorted(self.failed):
            self._send_away(self.by_name[name])
        began = self.rhythm.looked if seconds else 0.0
        self.doorbells.put_off_round(self.tenant_id, self.queue, self.bells.ended, began=began, countdown=seconds)

    def _drain(self, subscriber: Subscriber) -> int:
        """Drain one of them; whatever ends its drain, the others are drained too. Return how many events it handled.

        :raises OperationalError: when it is the second one that has met an outage; or `InterfaceError`.
        """
        began, failed = self.clock(), ""
        drain = self.drain(subscriber, self.bells, self.log, max(0.0, self.deadline - began))
        try:
            with outages_raised_for_a_retry():
                drain.run()
        except (OperationalError, InterfaceError) as outage:
            failed = summary(outage)
            if self.cut_off:
                raise
            self.cut_off = True
            self._fail(subscriber)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            failed = summary(error)
            logger.exception("drain_failed", tenant=self.tenant_id, subscriber=subscriber.name)
            self._fail(subscriber)
        except BaseException as death:
            if is_told_to_end(death):
                raise
            failed = summary(death)
            self.doorbells.ring_later(self.tenant_id, subscriber, countdown=STARTING_SECONDS)
            self._leave(subscriber)
        else:
            self._after(subscriber, drain, self.clock() - began)
        seconds = self.clock() - began
        self.drained.append(Drained(subscriber=subscriber.name, handled=drain.handled, seconds=seconds, failed=failed))
        return drain.handled

    def _after(self, subscriber: Subscriber, drain: Drain, seconds: float) -> None:
        """Leave one alone that another drain works on, or that cannot go on; send one away that has too much to do."""
        if drain.ended is None and seconds >= SHARE_SECONDS:
            self._send_away(subscriber)
        elif drain.ended not in {None, Step.CAUGHT_UP}:
            self._leave(subscriber)

    def _send_away(self, subscriber: Subscriber) -> None:
        """Have the backlog's slots do the rest."""
        run = self.bells.ended.pop(subscriber, "")
        self.doorbells.end(self.tenant_id, subscriber, run, behind=True)
        self.doorbells.ring_alone(self.tenant_id, [subscriber])
        self.left.add(subscriber.name)

    def _fail(self, subscriber: Subscriber) -> None:
        self.failed.add(subscriber.name)
        self._leave(subscriber)

    def _leave(self, subscriber: Subscriber) -> None:
        self.left.add(subscriber.name)
        self.owed.add(subscriber.name)
