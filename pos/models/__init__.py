"""What the tills keep."""

from pos.models.catalogue import Barcode, Product, ShelfLevel, TaxRate, Variant
from pos.models.orders import Order, OrderLine, Tender
from pos.models.returns import Refund, Return, ReturnLine
from pos.models.tills import Device, Location, Register, Shift, TenderType

__all__ = [
    "Barcode",
    "Device",
    "Location",
    "Order",
    "OrderLine",
    "Product",
    "Refund",
    "Register",
    "Return",
    "ReturnLine",
    "ShelfLevel",
    "Shift",
    "TaxRate",
    "Tender",
    "TenderType",
    "Variant",
]
