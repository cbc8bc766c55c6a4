"""Verdicts: whether an error is an outage of the infrastructure, a hang, or the event's own failure."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from billiard.common import terminate_handler_fired  # type: ignore[attr-defined] # the stubs are older
from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error, InterfaceError, OperationalError

from events.publishing.errors import ConnectionClosed
from events.subscriptions.parking import summary

OUTAGE_CLASSES = ("08", "40", "53", "57", "58")
"""Connections; rollbacks of transactions, as deadlocks; resources; intervention by an operator; the system."""
OUTAGE_STATES = frozenset({"25006", "25P03", "55P03"})
"""A server that only reads, a session that was idle for too long, a lock that was not to be had."""
QUERY_CANCELED = "57014"
"""A statement that ran into its timeout: it would again."""


def is_outage(error: BaseException, *, connected: bool) -> bool:
    """Say whether the infrastructure failed: by the SQLSTATE of the error, or because the connection is dead.

    Nothing else counts, whatever the class of the error. One without a SQLSTATE, over a connection that lives, is the
    event's own, and so is whatever another system (Redis, a gateway) answers: subscribers do database work only.
    A connection that the handler closed is dead, and no outage.
    """
    if isinstance(error, ConnectionClosed):
        return False
    if not connected:
        return True
    state = next(_states(error), "")
    return state != QUERY_CANCELED and (state.startswith(OUTAGE_CLASSES) or state in OUTAGE_STATES)


@contextmanager
def outages_raised_for_a_retry() -> Iterator[None]:
    """Raise an outage that has another class as the one for which a task is tried again.

    :raises OperationalError: from it.
    """
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not is_outage(error, connected=True):
            raise
        message = f"an outage: {summary(error)}"
        raise OperationalError(message) from error


def is_hang(error: BaseException) -> bool:
    """Say whether the handler was stopped by the task's time limit."""
    return any(isinstance(each, SoftTimeLimitExceeded) for each in _chain(error))


def is_told_to_end(death: BaseException) -> bool:
    """Say whether it is the process that must end: it was sent a signal, or somebody presses Ctrl-C.

    Anything else that no `except Exception` stops was raised by a handler, and ends the handler. A pool's child ignores
    Ctrl-C.
    """
    by_hand = isinstance(death, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    return bool(terminate_handler_fired()) or by_hand


def _states(error: BaseException) -> Iterator[str]:
    """Go through the SQLSTATEs of an error and of what it was raised from; the nearest one decides."""
    for each in _chain(error):
        if isinstance(each, psycopg.Error) and each.sqlstate:
            yield each.sqlstate


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Go from an error to what it was raised from.

    What was merely being handled (`__context__`) counts only for an error of the database, which may be its aftermath:
    a handler that has dealt with an outage and then fails for another reason has failed for that reason.
    """
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        implied = each.__context__ if isinstance(each, Error) and not each.__suppress_context__ else None
        each = each.__cause__ or implied
