"""Moments from elsewhere: written as RFC 3339 has it, with an offset, and neither ancient nor in the future."""

import re
from datetime import UTC, datetime, timedelta

import msgspec

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clock of a terminal may be ahead of ours."""

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class MomentInvalid(ValueError):
    """A moment is not written as it must be, or lies outside of what can have happened. Its text is for people."""


def read_moment(text: str, *, now: datetime) -> datetime:
    """Read a moment that has happened, in UTC.

    :param text: RFC 3339 with an offset, as `2026-11-23T12:00:00Z`.
    :raises MomentInvalid: when it is written otherwise, is before 2000, or later than now and the clock tolerance.
    """
    return past_moment(parse_moment(text), now=now)


def parse_moment(text: str) -> datetime:
    """Read a moment that may be in the future, with the offset that it was written with.

    :raises MomentInvalid: when it is not written as RFC 3339 has it, with an offset, or is before 2000.
    """
    try:
        if not _RFC_3339.fullmatch(text):
            raise msgspec.ValidationError
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        message = "Write a moment as in RFC 3339, with its offset from UTC: 2026-11-23T12:00:00Z."
        raise MomentInvalid(message) from None
    return _not_ancient(moment)


def past_moment(moment: datetime, *, now: datetime) -> datetime:
    """Return a moment in UTC.

    :raises MomentInvalid: when it has no offset, is before 2000, or later than now and the clock tolerance.
    """
    if moment.tzinfo is None:
        raise MomentInvalid("This moment has no offset from UTC.")
    if _not_ancient(moment) > now + CLOCK_TOLERANCE:
        raise MomentInvalid("This moment is in the future: is the clock right that it was taken from?")
    return moment.astimezone(UTC)


def _not_ancient(moment: datetime) -> datetime:
    if moment < EARLIEST:
        message = f"This moment is before {EARLIEST:%Y-%m-%d}, the earliest that is recorded."
        raise MomentInvalid(message)
    return moment
