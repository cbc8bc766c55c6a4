"""Text from elsewhere: what PostgreSQL does not store, and what a printer or a mail would take for a command."""

import re
from typing import Any

from kernel.limits import LONG_REASON
from kernel.refusals import Refusal

_OTHERS = r"\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069"
UNPRINTABLE = rf"\u0000-\u001f{_OTHERS}"
"""The inside of a character class: control characters, line and paragraph separators, and marks that turn the writing
direction. Joiners, which emoji and some scripts need, are not among them."""
UNPRINTABLE_IN_LINES = rf"\u0000-\u0008\u000b-\u001f{_OTHERS}"
"""The same without tabulators and line feeds."""
_CONTROL, _CONTROL_IN_LINES = re.compile(f"[{UNPRINTABLE}]"), re.compile(f"[{UNPRINTABLE_IN_LINES}]")

_OF_ADDRESS = r"[^\s<>()\[\]{}\"',;:]"
_ADDRESS = re.compile(rf"(?<!{_OF_ADDRESS}){_OF_ADDRESS}+@{_OF_ADDRESS}+")
"""Looked for where a word begins alone: from each of its characters, a long word would take quadratic time."""

_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])", re.ASCII)
"""As many digits as a card number has, with a blank or a hyphen between some."""


class TextRefused(Refusal):
    code = "text-refused"
    title = "Text refused"
    status = 422


def storable(text: str) -> str:
    """Replace NUL and lone surrogates, so that any text can be written to a column."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def without_addresses(text: str) -> str:
    """Take mail addresses out of what another system says, so that it can be logged.

    >>> without_addresses("550 <ada@example.test>: nobody here")
    '550 <(an address)>: nobody here'
    """
    return _ADDRESS.sub("(an address)", text)


def without_personal(text: str) -> str:
    """Take mail addresses and card numbers out of what a person typed, so that it can be published.

    >>> without_personal("ada@example.test paid with 4111 1111 1111 1111")
    '(an address) paid with (a card number)'
    """
    return _DIGITS.sub(
        lambda found: "(a card number)" if _is_card_number(found[0]) else found[0], without_addresses(text)
    )


def _is_card_number(text: str) -> bool:
    digits = [int(each) for each in text if each.isdigit()]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def clipped(text: str, limit: int) -> str:
    """Bring what another system says into one line that a column of so many characters holds."""
    return printable(storable(text))[:limit]


def printable(text: str) -> str:
    """Put a blank in the place of every control character: what is printed stays on its line."""
    return _CONTROL.sub(" ", text)


def printable_lines(text: str) -> str:
    """Do the same for a text of several lines: line feeds and tabulators stay."""
    return _CONTROL_IN_LINES.sub(" ", text)


def find_control_character(text: str, *, lines: bool = False) -> str | None:
    """Return the first character that no text of ours may hold, None when there is none.

    :param lines: whether the text may have several lines.
    """
    found = (_CONTROL_IN_LINES if lines else _CONTROL).search(text)
    return found[0] if found else None


def require_line(text: str, longest: int, what: str, **details: str) -> None:
    """Let a text be given on a command line that a column of so many characters holds.

    :param what: it is, for the message: `the name of a device`. :param details: of the refusal, as its `field`.
    :raises TextRefused: when it is empty, too long, or holds a control character.
    """
    found = find_control_character(text)
    if found is not None:
        message = f"{what} must not contain the control character U+{ord(found):04X}"
        raise TextRefused(message, **details)
    if not text.strip() or len(text) > longest:
        message = f"{what} must have 1 to {longest} characters, not {len(text.strip()) and len(text)}"
        raise TextRefused(message, **details)


def require_reason_text(reason: str) -> None:
    """Take a reason that a person gives for an act, which is kept and shown; it may be left out.

    :raises TextRefused: when it is too long, or holds a control character.
    """
    if reason:
        require_line(reason, LONG_REASON, "a reason")


def is_storable(value: Any) -> bool:
    """Say whether all text in a value of JSON can be stored as it is."""
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(is_storable(inner) for inner in value)
    return not isinstance(value, str) or storable(value) == value
