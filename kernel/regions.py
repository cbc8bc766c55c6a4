"""What a region decides: the currency (ISO 4217) and the time zone (IANA)."""

from datetime import date
from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies
from django.core.exceptions import ValidationError

DECIMALS = 2
NOT_IANA = frozenset({"localtime", "Factory"})


def validate_currency(code: str) -> None:
    """:raises ValidationError: when it is no currency of today, or not one with two decimals."""
    if code not in currencies():
        message = f"{code!r} is no currency in use: write its code of ISO 4217 in capitals, as EUR"
        raise ValidationError(message, "unknown")
    if get_currency_precision(code) != DECIMALS:
        message = (
            f"amounts of {code} are written with {get_currency_precision(code)} decimals (CLDR): only currencies with "
            f"{DECIMALS} are supported so far"
        )
        raise ValidationError(message, "unsupported")


def validate_timezone(name: str) -> None:
    """:raises ValidationError: when IANA has no such time zone."""
    if name not in timezones():
        message = f"{name!r} is no time zone: write its name of the IANA list, as Europe/Berlin"
        raise ValidationError(message, "unknown")


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
