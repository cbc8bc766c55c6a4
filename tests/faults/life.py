"""What a shop lives through, as strikes: slow days, a suspension, a new tenant, a tenant that goes."""

import time
from contextlib import suppress

from tests.faults.acts import Act
from tests.faults.stack import SHOPS, Stack

SLOW = "slow"
CLOSINGS = 3
"""How often an operator says it, before it is a defect: a closing may meet a transaction of that shop."""


def slow_down(stack: Stack) -> None:
    """Let handlers take longer than a drain has, until the round is over."""
    (stack.marks / SLOW).touch()


def speed_up(stack: Stack) -> None:
    (stack.marks / SLOW).unlink(missing_ok=True)


def suspend(stack: Stack, shop: str, seconds: float) -> None:
    """Suspend a shop while it sells; then let it go on."""
    stack.manage("tenant", "suspend", shop)
    time.sleep(seconds)
    stack.manage("tenant", "reactivate", shop)


def open_guest(stack: Stack, number: int) -> None:
    """Create a tenant in the middle; it sells from the next round on. One guest is there at a time."""
    if len(stack.shops) == len(SHOPS):
        stack.open(f"guest{number}")


def close_guest(stack: Stack, number: int) -> None:
    """Close a guest while it sells and its events are pending; where there is none, open one first."""
    open_guest(stack, number)
    shop = stack.shops.pop()
    asked = time.time()
    for _ in range(CLOSINGS):
        with suppress(RuntimeError):
            stack.manage("tenant", "close", shop, "--yes")
            stack.acts.write(Act(act="close", shop=shop, asked=asked, answered=time.time(), status=200))
            return
    message = f"{shop} could not be closed"
    raise RuntimeError(message)
