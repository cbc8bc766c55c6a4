"""What commands take as arguments, each kind refused by one sentence when it is typed wrong."""

import argparse
import math
from collections.abc import Callable
from datetime import UTC, datetime

from kernel.moments import MomentInvalid, read_moment

LARGEST_INTEGER = 2**31 - 1
LARGEST_POSITION = 2**63 - 1
LONGEST_SECONDS = 86_400.0


def whole_number(lowest: int, highest: int = LARGEST_INTEGER, *, of: str = "") -> Callable[[str], int]:
    """Take whole numbers between two, both included; `of` names the unit: days."""
    kind = f"a number of {of}" if of else "a whole number"

    def read(typed: str) -> int:
        try:
            number = int(typed)
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            message = f"{typed[:40]!r} is not {kind} from {lowest} to {highest}"
            raise argparse.ArgumentTypeError(message)
        return number

    return read


position = whole_number(1, LARGEST_POSITION)
"""Takes a position of a log, which begins at 1."""


def seconds(typed: str) -> float:
    try:
        number = float(typed)
    except ValueError:
        number = math.nan
    if not 0 < number <= LONGEST_SECONDS:
        message = f"{typed[:40]!r} is not a number of seconds, more than 0 and at most {LONGEST_SECONDS:.0f}"
        raise argparse.ArgumentTypeError(message)
    return number


def text(longest: int) -> Callable[[str], str]:
    """Take printable text that is not empty: where it is, a variable of the shell is not set."""

    def read(typed: str) -> str:
        if not typed.strip() or len(typed) > longest or not typed.isprintable():
            message = f"{typed[:40]!r} is not a printable text of 1 to {longest} characters"
            raise argparse.ArgumentTypeError(message)
        return typed

    return read


name = text(200)
"""Takes what names something: a tenant, a subscriber, a stream."""


def moment(typed: str) -> datetime:
    try:
        return read_moment(typed, now=datetime.now(UTC))
    except MomentInvalid as invalid:
        message = f"{typed[:40]!r}: {invalid}"
        raise argparse.ArgumentTypeError(message) from None
