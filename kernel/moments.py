"""Moments from elsewhere: written as RFC 3339 has it, with an offset, and neither ancient nor in the future."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the clock of a terminal may be ahead of ours."""

LONGEST_VALIDITY = timedelta(days=3650)
"""Of a key or a token that expires."""

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
    """Read a moment that may be in the future, in UTC.

    :raises MomentInvalid: when it is not written as RFC 3339 has it, with an offset, or is not in 2000 to 9999.
    """
    return in_utc(_written_moment(text))


def parse_reported(text: str) -> datetime:
    """Read a moment by a clock that may be wrong by years, in UTC.

    :raises MomentInvalid: when it is not written as RFC 3339 has it, with an offset, or is in no year from 1 to 9999.
    """
    try:
        return _written_moment(text).astimezone(UTC)
    except OverflowError:
        raise MomentInvalid("This moment is not in a year from 1 to 9999 in UTC.") from None


def _written_moment(text: str) -> datetime:
    try:
        if not _RFC_3339.fullmatch(text):
            raise msgspec.ValidationError
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        message = "Write a moment as in RFC 3339, with its offset from UTC: 2026-11-23T12:00:00Z."
        raise MomentInvalid(message) from None


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    :raises MomentInvalid: when it has no offset, or is before 2000 or after 9999 there.
    """
    if moment.tzinfo is None:
        raise MomentInvalid("This moment has no offset from UTC.")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise MomentInvalid("This moment is not in a year from 2000 to 9999 in UTC.") from None
    if moment < EARLIEST:
        message = f"This moment is before {EARLIEST:%Y-%m-%d}, the earliest that is recorded."
        raise MomentInvalid(message)
    return moment


def past_moment(moment: datetime, *, now: datetime) -> datetime:
    """Return a moment in UTC.

    :raises MomentInvalid: when it has no offset, is before 2000, or later than now and the clock tolerance.
    """
    moment = in_utc(moment)
    if moment > now + CLOCK_TOLERANCE:
        raise MomentInvalid("This moment is in the future: check the clock that it was taken from.")
    return moment


def require_expiry(moment: datetime, *, now: datetime) -> None:
    """Let something end at a moment, which may have passed.

    :raises MomentInvalid: when it has no offset, is before 2000, or more than ten years from now.
    """
    if in_utc(moment) > now + LONGEST_VALIDITY:
        message = f"This moment is more than {LONGEST_VALIDITY.days} days from now: leave it empty for no end."
        raise MomentInvalid(message)


def business_date(moment: datetime, *, zone: str, cut_over_hour: int = 0) -> date:
    """Return the day of business that a moment belongs to: its local date, once the shop's cut-over hour has passed.

    >>> business_date(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), zone="Europe/Madrid")
    datetime.date(2026, 11, 24)
    """
    return (moment.astimezone(ZoneInfo(zone)) - timedelta(hours=cut_over_hour)).date()
