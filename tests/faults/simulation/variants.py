"""The protocol, and ways to break it that must each be caught."""

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from events.delivery.drain import Drain
from events.delivery.failures import Failures, Outcome
from events.delivery.poison import ForgetStart, Poison
from events.delivery.reading import Portion, Reader
from events.delivery.steps import BatchFailed, Step
from events.log.envelope import Envelope
from events.log.log import StoredEvent
from events.subscriptions.doorbells import Doorbells
from events.subscriptions.registry import Subscriber


@dataclass(frozen=True, kw_only=True)
class Variant:
    """:param drain: the drain that runs. Each flag takes one of the protocol's precautions away."""

    name: str
    drain: type[Drain] = Drain
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
    Variant(name="no sweeper", never_sweeps=True),
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
