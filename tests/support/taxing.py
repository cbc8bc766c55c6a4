"""Taxes of a shop, as tests set them."""

from collections.abc import Iterator
from contextlib import contextmanager

from pos.models import Location


@contextmanager
def rounding(level: str) -> Iterator[None]:
    """Let orders be rounded at this level: LINE or ORDER."""
    Location.objects.update(rounding_level=level)
    yield
    Location.objects.update(rounding_level="LINE")
