"""Money in minor units, and quantities with three decimals."""

from decimal import ROUND_HALF_UP, Decimal

QUANTITY_STEP = Decimal("0.001")


def round_half_up(value: Decimal) -> int:
    """Round to the whole minor unit; half goes away from zero, as on a till receipt."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def formatted(amount: int, currency: str) -> str:
    """Write an amount of minor units for people: `-12.50 GBP`."""
    sign = "-" if amount < 0 else ""
    major, minor = divmod(abs(amount), 100)
    return f"{sign}{major}.{minor:02} {currency}"


def written(quantity: Decimal) -> str:
    """Write a quantity without the zeros that say nothing: `2`, `0.125`."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
