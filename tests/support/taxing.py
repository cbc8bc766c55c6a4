"""Taxes of a shop, as tests set them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pos.models import Location, TaxClass, TaxRate, TaxRule


@contextmanager
def rounding(level: str) -> Iterator[None]:
    """Let orders be rounded at this level: LINE or ORDER."""
    Location.objects.update(rounding_level=level)
    yield
    Location.objects.update(rounding_level="LINE")


def rate(name: str, share: str, *, inclusive: bool = True, code: str = "") -> TaxRate:
    return TaxRate.objects.create(name=name, rate=share, inclusive=inclusive, code=code)


def tax_class(name: str, *rates: TaxRate, **rule: Any) -> TaxClass:
    """Make a class whose goods have these rates, one after the other."""
    made = TaxClass.objects.create(name=name)
    for sequence, version in enumerate(rates, start=1):
        TaxRule.objects.create(tax_class=made, rate=version, sequence=sequence, **rule)
    return made


def charge(class_name: str, share: str) -> None:
    """Let a class have another rate where no region has its own, from now on and for whatever was before."""
    rules = TaxRule.objects.filter(tax_class__name=class_name, region="")
    inclusive = rules.get().rate.inclusive
    rules.update(rate=rate(f"{class_name} at {share}", share, inclusive=inclusive, code=class_name))
