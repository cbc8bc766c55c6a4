"""What the tills keep, by subject: Django finds the models here."""

from pos.cash.models import CashCount, CashMovement, Shift, ShiftAmendment, ShiftTotal, TenderType
from pos.catalogue.models import Barcode, Category, Product, ShelfLevel, Variant
from pos.exceptions.models import ExceptionCase, HeldCommand
from pos.orders.models import Order, OrderLine, OrderLineTax, Refund, Tender
from pos.parking.models import ParkedOrder
from pos.prices.models import PriceEntry, PriceList
from pos.profile.models import ShopProfile
from pos.receipts.models import Receipt
from pos.registers.models import CashDrawer, Device, Location, PairingCode, Register
from pos.reports.models import ReportFigure
from pos.returns.models import Return, ReturnLine
from pos.taxes.models import TaxClass, TaxRate, TaxRule

__all__ = [
    "Barcode",
    "CashCount",
    "CashDrawer",
    "CashMovement",
    "Category",
    "Device",
    "ExceptionCase",
    "HeldCommand",
    "Location",
    "Order",
    "OrderLine",
    "OrderLineTax",
    "PairingCode",
    "ParkedOrder",
    "PriceEntry",
    "PriceList",
    "Product",
    "Receipt",
    "Refund",
    "Register",
    "ReportFigure",
    "Return",
    "ReturnLine",
    "ShelfLevel",
    "Shift",
    "ShiftAmendment",
    "ShiftTotal",
    "ShopProfile",
    "TaxClass",
    "TaxRate",
    "TaxRule",
    "Tender",
    "TenderType",
    "Variant",
]
