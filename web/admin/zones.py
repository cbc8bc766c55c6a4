"""In which zone the admin shows and reads times: that of the shop; of the platform, UTC."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from kernel.tenancy import in_public

_zones: list[Callable[[], str | None]] = []


def zone_of_shop_by(find: Callable[[], str | None]) -> None:
    """Say in which zone the pages of a shop are: the IANA name, or None for a shop that has no location."""
    _zones[:] = [find]


def zone_of_pages() -> str:
    """Return the IANA name of the zone of the pages of this host."""
    (find,) = _zones
    return settings.TIME_ZONE if in_public() else find() or settings.TIME_ZONE


def in_zone_of_pages() -> AbstractContextManager[None]:
    """Show and read times in the zone of this host's pages: in lists, filters and forms."""
    return timezone.override(zone_of_pages())


def clock(moment: datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Write a moment as a clock in the zone of the page shows it."""
    return timezone.localtime(moment).strftime(pattern)
