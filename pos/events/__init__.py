"""Events of pos: the other apps import them from here."""

from pos.events import older
from pos.events.cash import CashMoved, ShiftAmended, ShiftClosed, ShiftOpened
from pos.events.catalogue import ListedPrice, PriceChanged, ProductArchived, VariantArchived, VariantChanged
from pos.events.commands import TOKEN_MARK, CardChargeRequested, Charge, ReceiptRequested
from pos.events.exceptions import ExceptionOpened, ExceptionResolved
from pos.events.lines import LineDiscount, LineTax, ReturnedLine, SoldLine
from pos.events.orders import (
    OrderCompleted,
    OrderJoinedShift,
    OrderPlaced,
    OrderVoided,
    RefundRefused,
    RefundReplaced,
    TendersAdded,
)
from pos.events.parking import CartDiscarded, CartExpired, CartParked, CartResumed
from pos.events.receipts import ReceiptIssued
from pos.events.returns import ReturnCompleted
from pos.events.shift_totals import (
    CountedTender,
    MovedCash,
    ShiftDocuments,
    ShiftRegister,
    ShiftTax,
    ShiftTender,
)
from pos.events.tenders import RefundedTender, TakenTender

__all__ = [
    "TOKEN_MARK",
    "CardChargeRequested",
    "CartDiscarded",
    "CartExpired",
    "CartParked",
    "CartResumed",
    "CashMoved",
    "Charge",
    "CountedTender",
    "ExceptionOpened",
    "ExceptionResolved",
    "LineDiscount",
    "LineTax",
    "ListedPrice",
    "MovedCash",
    "OrderCompleted",
    "OrderJoinedShift",
    "OrderPlaced",
    "OrderVoided",
    "PriceChanged",
    "ProductArchived",
    "ReceiptIssued",
    "ReceiptRequested",
    "RefundRefused",
    "RefundReplaced",
    "RefundedTender",
    "ReturnCompleted",
    "ReturnedLine",
    "ShiftAmended",
    "ShiftClosed",
    "ShiftDocuments",
    "ShiftOpened",
    "ShiftRegister",
    "ShiftTax",
    "ShiftTender",
    "SoldLine",
    "TakenTender",
    "TendersAdded",
    "VariantArchived",
    "VariantChanged",
    "older",
]
