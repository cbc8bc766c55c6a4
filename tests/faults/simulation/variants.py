"""The protocol, and ways to break it that must each be caught."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from events.delivery.drain import Drain
from events.delivery.failures import Failures, Outcome
from events.delivery.poison import ForgetStart, Poison
from events.delivery.reading import Portion, Reader
from events.delivery.round import Round
from events.delivery.sharing import SharedLog
from events.delivery.steps import BatchFailed, Step
from events.log.envelope import Envelope
from events.log.log import StoredEvent
from events.subscriptions.doorbells import Doorbells
from events.subscriptions.notes import Watched
from events.subscriptions.pending import Pending
from events.subscriptions.registry import Subscriber


@dataclass(frozen=True, kw_only=True)
class Variant:
    """:param drain: the drain that runs. :param round: the round. Each flag takes a precaution of the protocol away."""

    name: str
    drain: type[Drain] = Drain
    round: type[Round] = Round
    lock_when_published: bool = False
    snapshot_before_lock: bool = False
    no_log_lock: bool = False
    no_row_lock: bool = False
    successors_pass: bool = False
    flags_in_locking_statement: bool = False
    operators_without_lock: bool = False
    trusts_direct_read: bool = False
    forgets_isolation: bool = False
    never_sweeps: bool = False


class MovesCursorFirst(Drain):
    """Commits the cursor and the processed rows, and then handles."""

    def _handle_batch(self) -> Step:
        with self.store.unit_of_work():
            held = self.store.lock(self.tenant_id, self.subscriber.name)
            if held is None:
                return Step.NOT_OURS
            page = self.store.read(
                self.tenant_id, self.subscriber.name, after=held.cursor, types=self.subscriber.types, limit=10
            )
            envelopes: list[Envelope] = [event.envelope for event in page.events]
            self.store.account(self.tenant_id, self.subscriber.name, envelopes, reached=page.reached)
        with self.store.unit_of_work():
            self.dispatch.call([self.dispatch.delivery(event, attempt=1) for event in page.events])
        return Step.MORE if page.more else Step.CAUGHT_UP


class LooksOnce(Drain):
    """Does not look again after its last commit."""

    def _second_look(self) -> bool:
        return False


class AnswersLast(Drain):
    """Silences the doorbell when it has finished reading, not before."""

    def run(self) -> int:
        bells = self.doorbells
        self.doorbells = _Unanswered(bells)
        try:
            return super().run()
        finally:
            bells.answer(self.tenant_id, self.subscriber)


class _Unanswered:
    def __init__(self, bells: Doorbells) -> None:
        self.bells = bells

    def answer(self, _tenant_id: str, _subscriber: Subscriber) -> bool:
        """Later."""
        return False

    def __getattr__(self, name: str) -> object:
        return getattr(self.bells, name)


class SilencesAfterTheLook(Round):
    """Silences its bell when it has looked for the last time, not before."""

    def _go(self) -> None:
        while chosen := self._choose(self._look()):
            if not self._drain_in_turn(chosen):
                return
        self._silence()


class SilencesTooEarly(Round):
    """Silences its bell before it begins, and leaves what is rung for meanwhile to another round."""

    def _go(self) -> None:
        self._silence()
        self._drain_in_turn(self._choose(self._look()))


class LooksNoMore(Round):
    """Silences its bell when it has drained, and does not look again."""

    def _go(self) -> None:
        if self._drain_in_turn(self._choose(self._look())):
            self._silence()


class DrainsTheSuspected(Round):
    """Drains all in turn, also those that may take the others with them."""

    def _is_apart(self, found: Pending, _watched: dict[Subscriber, Watched]) -> bool:
        return found.subscriber in self.left


class ForgetsWhomItLeft(Round):
    """Rings once for those that it leaves alone, though its bell rings for them until its last look."""

    def _choose(self, found: list[Pending]) -> list[Subscriber]:
        return super()._choose([each for each in found if each.subscriber not in self.left])


class TakesCopiesForEverybodys(Round):
    """Shares what its look has read, with edited copies for one subscriber alone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.log = _SharesCopies(self.store)


class _SharesCopies(SharedLog):
    def look_for(self, tenant_id: str, subscribers: Sequence[str]) -> list[Pending]:
        found = super().look_for(tenant_id, subscribers)
        self.pending = {each.subscriber: each for each in found}
        return found


class TrustsItsLook(Round):
    """Takes what its look has brought for all that there was."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.log = _SharesAll(self.store)


class _SharesAll(SharedLog):
    def _has_seen(self, subscriber: str, after: int) -> bool:
        events = self.look.events
        return subscriber in self.pending and bool(events) and after < events[-1].envelope.position


class ParksAloneTooEarly(Drain):
    """Takes a failed event for the only one of its batch, when the others were parked in the same transaction."""

    def _handle_batch(self) -> Step:
        try:
            return super()._handle_batch()
        except BatchFailed as failed:
            failed.events = failed.events[-1:]
            raise


class TakesOutagesForKills(Drain):
    """Leaves a start counted that ended with the connection, not with the worker."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.poison = _KeepsOutages(self.subscriber, self.tenant_id, self.store)


class _KeepsOutages(Poison):
    def forgotten_when_cut_off(self, _forget_start: ForgetStart) -> AbstractContextManager[None]:
        return nullcontext()


class CountsWhatItDidNotStart(Drain):
    """Leaves a start counted that another drain, which had the lock, kept it from making."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.poison = _KeepsPrevented(self.subscriber, self.tenant_id, self.store)


class _KeepsPrevented(Poison):
    def forget(self, forget_start: ForgetStart) -> None:
        if sys.exc_info()[0] is not None:
            super().forget(forget_start)


class KeepsUnansweredCounts(Drain):
    """Leaves a start counted whose COMMIT was made and not answered, so that it was never made."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.poison = _KeepsUnanswered(self.subscriber, self.tenant_id, self.store)


class _KeepsUnanswered(Poison):
    def counting(self) -> AbstractContextManager[None]:
        return nullcontext()


class StepsOverUnknown(Drain):
    """Passes over what this code cannot handle, as if nobody were bound to it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reader = _PassesUnknown(self.subscriber, self.tenant_id, self.store, self.dispatch)


class _PassesUnknown(Reader):
    def _cut_before_newer(self, portion: Portion) -> Portion:
        known = [event for event in portion.events if self.dispatch.can_handle(event.envelope)]
        return Portion(events=known, reached=portion.reached, more=portion.more)


class EndsOwing(Drain):
    """Ends when its time is over, whatever has failed and left nothing behind."""

    @property
    def owing(self) -> bool:
        return False

    @owing.setter
    def owing(self, _owing: bool) -> None:
        """Forget it."""


class ForgetsTheFailed(Drain):
    """Parks nothing: what failed is passed over."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.failures = _PassesFailed(**vars(self.failures))


class _PassesFailed(Failures):
    def park(self, event: StoredEvent, _error: BaseException) -> Outcome:
        with self.store.unit_of_work():
            if self.store.lock(self.tenant_id, self.subscriber.name) is not None:
                self.store.account(self.tenant_id, self.subscriber.name, [], reached=event.envelope.position)
        return Outcome.DONE


PROTOCOL = Variant(name="the protocol")
BROKEN = [
    Variant(name="cursor moved before the effects", drain=MovesCursorFirst),
    Variant(name="lock taken early", lock_when_published=True),
    Variant(name="no second look", drain=LooksOnce),
    Variant(name="snapshot taken before the lock", snapshot_before_lock=True),
    Variant(name="positions without a lock", no_log_lock=True),
    Variant(name="doorbell silenced after the read", drain=AnswersLast),
    Variant(name="two drains at once", no_row_lock=True),
    Variant(name="successors pass one that failed", successors_pass=True),
    Variant(name="failed events passed over", drain=ForgetsTheFailed),
    Variant(name="parked alone too early", drain=ParksAloneTooEarly),
    Variant(name="lost rounds without a sweeper", never_sweeps=True),
    Variant(name="bell of a round silenced after its last look", round=SilencesAfterTheLook),
    Variant(name="bell of a round silenced too early", round=SilencesTooEarly),
    Variant(name="no look after the bell of a round is silenced", round=LooksNoMore),
    Variant(name="suspected subscribers drained in a round", round=DrainsTheSuspected),
    Variant(name="whom a round has left is forgotten by its last look", round=ForgetsWhomItLeft),
    Variant(name="edited copies shared in a round", round=TakesCopiesForEverybodys),
    Variant(name="a look trusted beyond what it has seen", round=TrustsItsLook),
    Variant(name="operators without the lock", operators_without_lock=True),
    Variant(name="isolation forgotten between runs", drain=EndsOwing, forgets_isolation=True),
    Variant(name="unknown types stepped over", drain=StepsOverUnknown),
    Variant(name="retention that trusts a direct read", trusts_direct_read=True),
]
BROKEN_IN_STORMS = [
    Variant(name="outages taken for kills", drain=TakesOutagesForKills),
    Variant(name="counts of starts that were not made", drain=CountsWhatItDidNotStart),
    Variant(name="counts whose COMMIT was not answered", drain=KeepsUnansweredCounts),
    Variant(name="lock and flags in one statement", flags_in_locking_statement=True),
]
"""What storms, in which drains meet all the time, show much sooner than ordinary days."""
