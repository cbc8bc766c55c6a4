"""Money in minor units, and quantities with three decimals."""

from decimal import ROUND_HALF_UP, Decimal

from kernel.currencies import exponent

QUANTITY_STEP = Decimal("0.001")


def round_half_up(value: Decimal) -> int:
    """Round to the whole minor unit; half goes away from zero, as on a till receipt."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def formatted(amount: int | Decimal, currency: str) -> str:
    """Write an amount of minor units for people: `-12.50 GBP`, `1000 JPY`, `1.659 KWD`."""
    return f"{in_major_units(amount, currency)} {currency}"


def in_major_units(amount: int | Decimal, currency: str) -> str:
    """Write an amount of minor units with the decimals of its currency: `-12.50`, `1000`, `1.659`.

    A unit price of fractions has as many more as it needs: `1.6595`.
    """
    whole = int(amount)
    exact = Decimal(whole) if whole == amount else Decimal(amount).normalize()
    return f"{exact.scaleb(-exponent(currency)):f}"


def plain(value: Decimal) -> Decimal:
    """Return a number of the database without the zeros that its column adds: `1000` of `1000.000000`, `165.9`.

    >>> plain(Decimal("1000.000000")), plain(Decimal("165.900000"))
    (Decimal('1000'), Decimal('165.9'))
    """
    whole = Decimal(int(value))
    return whole if whole == value else value.normalize()


def written(quantity: Decimal) -> str:
    """Write a quantity without the zeros that say nothing: `2`, `0.125`."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
