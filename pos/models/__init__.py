"""What the tills keep, by subject: Django finds the models here."""

from pos.cash.models import Shift, TenderType
from pos.catalogue.models import Barcode, Product, ShelfLevel, Variant
from pos.orders.models import Order, OrderLine, OrderLineTax, Tender
from pos.registers.models import Device, Location, Register
from pos.returns.models import Refund, Return, ReturnLine
from pos.taxes.models import TaxClass, TaxRate, TaxRule

__all__ = [
    "Barcode",
    "Device",
    "Location",
    "Order",
    "OrderLine",
    "OrderLineTax",
    "Product",
    "Refund",
    "Register",
    "Return",
    "ReturnLine",
    "ShelfLevel",
    "Shift",
    "TaxClass",
    "TaxRate",
    "TaxRule",
    "Tender",
    "TenderType",
    "Variant",
]
