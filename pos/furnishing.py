"""Furnishing a new shop, so that it can sell: location, register, taxes, tender types."""

from decimal import Decimal

from django.utils.timezone import now

from pos.cash.models import TenderType
from pos.prices.models import PriceList
from pos.profile.models import ShopProfile
from pos.registers.models import Location, Register
from pos.taxes.models import TaxClass, TaxRate, TaxRule

TAX_RATES = (
    ("Standard, included", Decimal("0.20"), True),
    ("Standard, added", Decimal("0.20"), False),
    ("Zero", Decimal(0), True),
)
DEFAULT_LIST = "Default"
TENDER_TYPES = (
    ("cash", "Cash", TenderType.Kind.CASH),
    ("card", "Card", TenderType.Kind.CARD),
    ("gateway", "Card through the gateway", TenderType.Kind.GATEWAY),
    ("account", "On account", TenderType.Kind.OTHER),
)


def furnish_shop(*, name: str, currency: str, timezone: str) -> None:
    """Create what a shop needs to sell. What exists already stays as it is."""
    location, _ = Location.objects.get_or_create(
        code="MAIN", defaults={"name": name, "currency": currency, "timezone": timezone}
    )
    Register.objects.get_or_create(code="R1", defaults={"name": "Till 1", "location": location})
    ShopProfile.objects.get_or_create(current=True, defaults={"version": 1, "legal_name": name, "made_at": now()})
    PriceList.objects.get_or_create(is_default=True, defaults={"name": DEFAULT_LIST, "currency": location.currency})
    for title, rate, inclusive in TAX_RATES:
        version, _ = TaxRate.objects.get_or_create(name=title, defaults={"rate": rate, "inclusive": inclusive})
        tax_class, is_new = TaxClass.objects.get_or_create(name=title)
        if is_new:
            TaxRule.objects.create(tax_class=tax_class, rate=version)
    for code, title, kind in TENDER_TYPES:
        TenderType.objects.get_or_create(code=code, defaults={"name": title, "kind": kind})
