"""The places that a web process has for live feeds: a part of its threads, and of them at most so many for one shop.

A shop that has none comes before one that has several: the last free place is for it, and where none is free, it
gets the newest of a shop that has the most. So as many shops as there are places have one each.
"""

import select
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock


@dataclass(eq=False)
class Place:
    """One live feed's.

    :param is_gone: whether the client has gone away. :param give_up: called when the place is taken back, and ends it.
    """

    tenant_id: str
    is_gone: Callable[[], bool]
    give_up: Callable[[], None]


class Places:
    def __init__(self, in_all: int, for_one: int) -> None:
        self.in_all, self.for_one = in_all, for_one
        self._taken: list[Place] = []
        self._lock = Lock()

    def take(self, place: Place) -> bool:
        """Take a place; where none is free, take back those whose client has gone. False when there is none for it."""
        with self._lock:
            if not self._has_room(place.tenant_id):
                for left in [taken for taken in self._taken if taken.is_gone()]:
                    self._take_back(left)
            if not self._has_room(place.tenant_id) and not self._make_room(place.tenant_id):
                return False
            self._taken.append(place)
            return True

    def give_back(self, place: Place) -> None:
        """Free a place; one that was taken back already stays free."""
        with self._lock:
            if place in self._taken:
                self._taken.remove(place)

    def _has_room(self, tenant_id: str) -> bool:
        theirs = sum(taken.tenant_id == tenant_id for taken in self._taken)
        kept_for_others = 1 if theirs else 0
        return len(self._taken) + kept_for_others < self.in_all and theirs < self.for_one

    def _make_room(self, tenant_id: str) -> bool:
        """Take a place back for a shop that has none, from one that keeps another."""
        held = Counter(taken.tenant_id for taken in self._taken)
        if held[tenant_id] or not self._taken:
            return False
        most, places = held.most_common(1)[0]
        if places > 1:
            self._take_back([taken for taken in self._taken if taken.tenant_id == most][-1])
        return places > 1

    def _take_back(self, place: Place) -> None:
        self._taken.remove(place)
        place.give_up()


def has_hung_up(connection: socket.socket | None) -> bool:
    """Tell whether the other side has closed a connection, without reading what it may have sent.

    False where nobody can tell: under a server that does not show its connection, or over TLS.
    """
    if connection is None:
        return False
    try:
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return bool(poll.poll(0)) and connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    except ValueError:
        return connection.fileno() < 0
