"""Steps: the outcome of one look at what is pending, for the loop of a drain, or of a bridge, to go on from."""

from enum import Enum, auto

from events.log.log import StoredEvent


class Step(Enum):
    NOT_OURS = auto()
    """Another drain holds the lock, the subscription is paused, or there is none."""
    RETRIES_DUE = auto()
    SUSPECTED = auto()
    """The next event may kill its worker: its start must be counted first."""
    OUTDATED = auto()
    """Only newer code can handle the next event."""
    DIED = auto()
    """The task's time limit ended the handler, and its start is counted: the next drain goes on."""
    MORE = auto()
    CAUGHT_UP = auto()

    @property
    def is_last(self) -> bool:
        """Whether this drain does not go on, though there may be more to do."""
        return self in {Step.NOT_OURS, Step.OUTDATED, Step.DIED}


class BatchFailed(Exception):
    """What was done for a batch was rolled back, with what it parked. `events` were in it.

    :param culprit: the position of the event that failed; None where it is not known.
    """

    def __init__(self, events: list[StoredEvent], culprit: int | None, error: Exception, *, is_counted: bool) -> None:
        super().__init__(f"a batch of {len(events)} failed")
        self.events, self.culprit, self.error, self.is_counted = events, culprit, error, is_counted
