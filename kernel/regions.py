"""What a region decides: the currency (ISO 4217) and the time zone (IANA)."""

from datetime import date
from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies

NOT_IANA = frozenset({"localtime", "Factory"})


@cache
def currencies() -> frozenset[str]:
    """Return the codes of what is legal tender somewhere today."""
    today = date.today()  # noqa: DTZ011 - a process may be a day late
    territories = {territory for code in get_global("all_currencies").values() for territory in code}
    return frozenset(
        code for territory in territories for code in get_territory_currencies(territory, start_date=today)
    )


@cache
def timezones() -> frozenset[str]:
    return frozenset(available_timezones()) - NOT_IANA
