"""Notes: what the broker keeps of a drain that runs."""

from __future__ import annotations

from dataclasses import dataclass

TAKE_BACK = """
local note = redis.call('GET', KEYS[1])
if note and string.sub(note, 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
"""Deletes a note, for the broker: that of another run, which has begun since, is left."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """From where on a drain handles events, as the broker keeps it until the drain ends.

    :param run: names the run of the drain. :param cursor: the subscription's, under the lock.
    """

    run: str
    cursor: int

    def __str__(self) -> str:
        return f"{self.run} {self.cursor}"

    @classmethod
    def read(cls, text: bytes | str) -> Note | None:
        """Read a note; None for one of an older release, which says nothing."""
        run, _, cursor = (text.decode() if isinstance(text, bytes) else text).partition(" ")
        return cls(run=run, cursor=int(cursor)) if cursor else None


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is noted of a subscriber before a round drains it.

    :param note: of a drain that has not ended. :param behind: whether its drains run in the backlog.
    """

    note: Note | None
    behind: bool
