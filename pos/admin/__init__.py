"""The tills in the admin of a shop: each subject has its pages."""

from pos.cash import admin as cash
from pos.catalogue import admin as catalogue
from pos.orders import admin as orders
from pos.registers import admin as registers
from pos.returns import admin as returns
from pos.taxes import admin as taxes

__all__ = ["cash", "catalogue", "orders", "registers", "returns", "taxes"]
