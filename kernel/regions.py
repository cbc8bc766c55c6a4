"""Time zones, as IANA names them."""

from functools import cache
from zoneinfo import available_timezones

NOT_IANA = frozenset({"localtime", "Factory"})


@cache
def timezones() -> frozenset[str]:
    return frozenset(available_timezones()) - NOT_IANA
