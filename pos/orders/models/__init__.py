"""Orders with their lines and tenders, and the money that goes back of them."""

from pos.orders.models.orders import Order, OrderLine, OrderLineTax, Tender
from pos.orders.models.refunds import Refund

__all__ = ["Order", "OrderLine", "OrderLineTax", "Refund", "Tender"]
