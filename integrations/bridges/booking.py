"""Booking: what is written of messages that a bridge has sent, by their outcome."""

from dataclasses import dataclass

from events.log.log import StoredEvent
from events.subscriptions.cursors import Isolation, Suspicion
from integrations.bridges.bridge import BridgeDown


@dataclass(frozen=True, kw_only=True)
class Sending:
    """The outcome of some events, in order: the first `confirmed` have arrived.

    :param refused: the number of the one that will never be taken, with the reason.
    :param down: why the others were not confirmed.
    """

    confirmed: int
    refused: tuple[int, Exception] | None = None
    down: BridgeDown | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    """What is written when events have been sent.

    :param reached: the position up to which everything is confirmed, dead or of no interest.
    :param dead: the event that will never be taken, where all before it are confirmed.
    :param isolation: where one will never be taken, and some before it are not confirmed yet.
    """

    sent: list[StoredEvent]
    reached: int
    dead: tuple[StoredEvent, Exception] | None = None
    isolation: Isolation | None = None
    down: BridgeDown | None = None

    @classmethod
    def of(cls, events: list[StoredEvent], reached: int, sending: Sending) -> "Booking":
        """:param reached: the position up to which the log was read."""
        if sending.confirmed == len(events):
            return cls(sent=events, reached=reached, down=sending.down)
        sent, unsent = events[: sending.confirmed], events[sending.confirmed]
        before = unsent.envelope.position - 1
        if sending.refused is None:
            return cls(sent=sent, reached=before, down=sending.down)
        number, error = sending.refused
        if number <= sending.confirmed:
            return cls(sent=sent, reached=before + 1, dead=(unsent, error))
        isolation = Isolation(until=events[number].envelope.position, suspicion=Suspicion.CULPRIT)
        return cls(sent=sent, reached=before, isolation=isolation)
