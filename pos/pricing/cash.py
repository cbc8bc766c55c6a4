"""Cash rounding: what is left to pay in cash, where the smallest coin is worth more than a minor unit."""

from pos.pricing.rounding import rounded


def cash_adjustment(due: int, *, step: int) -> int:
    """Return what is added to an amount that is paid in cash: at most half a step, in either direction.

    :param due: what is left to pay, in minor units. :param step: the worth of the smallest coin, in minor units.

    >>> cash_adjustment(1237, step=5), cash_adjustment(1238, step=5), cash_adjustment(1237, step=1)
    (-2, 2, 0)
    """
    return rounded(due, step) * step - due
