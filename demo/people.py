"""Who works at the demo's tills."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Worker:
    """:param role: one that a new shop has."""

    code: str
    name: str
    role: str


CASHIER = Worker("ANNA", "Anna", "cashier")
MANAGER = Worker("MAX", "Max", "manager")
WORKERS = (CASHIER, MANAGER)
REPLAY = Worker("REPLAY", "Replay", "manager")
"""Who sends a retailer's file to a shop that has staff."""
