"""The harness's own subscribers: what each hears, in which generation of the declaration. Knows nothing of Django."""

import re

ORDERS = ("pos.order_placed", "pos.order_completed")
STOCK = "inventory.stock_changed"
COUNTED = "faults.counted"

TROUBLED: dict[str, tuple[str, ...]] = {
    "faults.steady": ORDERS,
    "faults.flaky": ORDERS,
    "faults.slow": ORDERS[1:],
    "faults.batch": ORDERS,
    "faults.killer": ORDERS[1:],
    "faults.misbehaving": ORDERS[1:],
    "faults.picky": (*ORDERS, STOCK),
    "faults.laggard": (*ORDERS, STOCK),
    "faults.laggards": (*ORDERS, STOCK),
    "faults.teller": ORDERS[1:],
    "faults.versions": (COUNTED,),
}


def declared(generation: int, renamed: int) -> dict[str, tuple[str, ...]]:
    """Return who hears what: in each generation one type is added, and one subscriber comes that hears it alone.

    :param renamed: how often the subscriber that changes its name has changed it.
    """
    kinds = tuple(kind(number) for number in range(1, generation + 1))
    return {
        **TROUBLED,
        "faults.grown": (ORDERS[0], *kinds),
        **{newcomer(number): (kind(number),) for number in range(1, generation + 1)},
        renamed_to(renamed): ORDERS,
    }


def kind(number: int) -> str:
    return f"faults.kind_{number}"


def newcomer(number: int) -> str:
    return f"faults.newcomer_{number}"


def renamed_to(number: int) -> str:
    return f"faults.renamed_{number}"


def family(subscriber: str) -> str:
    """Return what a subscriber's effects are written under: the same, whatever its name is now."""
    return re.sub(r"^faults\.renamed_\d+$", "faults.renamed", subscriber)
