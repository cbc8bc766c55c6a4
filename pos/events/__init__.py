"""Events of pos: the other apps import them from here."""

from pos.events.cash import ShiftOpened
from pos.events.catalogue import VariantChanged
from pos.events.orders import (
    TOKEN_MARK,
    CardChargeRequested,
    Charge,
    OrderCompleted,
    OrderPlaced,
    OrderVoided,
    ReceiptRequested,
    SettledTender,
    SoldLine,
)
from pos.events.returns import RefundedTender, ReturnCompleted, ReturnedLine

__all__ = [
    "TOKEN_MARK",
    "CardChargeRequested",
    "Charge",
    "OrderCompleted",
    "OrderPlaced",
    "OrderVoided",
    "ReceiptRequested",
    "RefundedTender",
    "ReturnCompleted",
    "ReturnedLine",
    "SettledTender",
    "ShiftOpened",
    "SoldLine",
    "VariantChanged",
]
