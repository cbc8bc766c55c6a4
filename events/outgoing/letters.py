"""Letters: mails that an app wants to be sent, and another one keeps and sends.

Whoever keeps the mail writes its row in the unit of work of whoever wants it. So an address stands in a row that can be
erased, and in no event; and the letter is there exactly when what it tells of is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail to one recipient.

    :param event_id: of the event that it follows from; the recipient gets one letter for it.
    :param about: what it is about, as an order.
    """

    event_id: UUID
    about: UUID
    recipient: str
    subject: str
    body: str


_keepers: list[Callable[[Letter], None]] = []


def keep_letters(keeper: Callable[[Letter], None]) -> Callable[[Letter], None]:
    """Register the one function that writes a letter's row, in the current unit of work."""
    if keeper not in _keepers:
        _keepers[:] = [keeper]
    return keeper


def write_letter(letter: Letter) -> None:
    """Let a letter be sent after the current unit of work is committed."""
    (keeper,) = _keepers
    keeper(letter)
