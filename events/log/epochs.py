"""Epochs: what tells the positions of a log from those of the log that a restore took away.

A database that is restored from a backup gives positions again that consumers have seen with other events. So every
restore begins an epoch (`restoring.py`). From the second epoch on, a cursor outside names the epoch that it was
given in, and a CloudEvent the epoch that its position was given in. Up to where an epoch began, the log is the one of
the epoch before.
"""

import json
from dataclasses import dataclass

FIRST_EPOCH = 1
LARGEST_POSITION = 2**63 - 1

# The epochs as JSON, an array of [number, since] in their order. In a tenant that was created later, one began at 0.
EPOCHS = """(
    SELECT json_agg(json_build_array(epoch.number, coalesce(began.since, 0)) ORDER BY epoch.number)::text
    FROM events_epoch AS epoch
    LEFT JOIN events_epochstart AS began ON began.epoch = epoch.number AND began.tenant_id = %(tenant)s
)"""


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A place in a tenant's log, as a consumer keeps it.

    :param epoch: that it was given in; a plain position is one of the first epoch.
    """

    position: int
    epoch: int = FIRST_EPOCH

    @property
    def is_beginning(self) -> bool:
        """A plain 0 was given by no page: it asks for the beginning of what is kept, in every epoch."""
        return self == Cursor(position=0)

    @property
    def shown(self) -> int | str:
        """Write it as consumers get it: `17` in the first epoch, `"1795644000-17"` in a later one."""
        return self.position if self.epoch == FIRST_EPOCH else f"{self.epoch}-{self.position}"


@dataclass(frozen=True)
class Epochs:
    """The epochs of the database with the position of a tenant's log after which each began, the oldest first."""

    starts: tuple[tuple[int, int], ...] = ((FIRST_EPOCH, 0),)

    @classmethod
    def read(cls, text: str) -> "Epochs":
        """:param text: what `EPOCHS` selects."""
        return cls(tuple((number, since) for number, since in json.loads(text)))

    @property
    def current(self) -> int:
        return self.starts[-1][0]

    def of(self, position: int) -> int:
        """Return the epoch in which a position of this log was given to the event that it holds now."""
        return next((number for number, since in reversed(self.starts) if since < position), FIRST_EPOCH)

    def cursor(self, position: int) -> Cursor:
        return Cursor(epoch=self.current, position=position)

    def still_true(self, cursor: Cursor) -> int:
        """Return the last position up to which this log holds what a reader with that cursor has read.

        Of an epoch that this database does not know (a second restore took it away) nothing is known: 0.
        """
        if cursor.epoch not in dict(self.starts):
            return 0
        return min(cursor.position, *(since for number, since in self.starts if number > cursor.epoch))
