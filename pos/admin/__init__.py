"""The tills in the admin of a shop: each subject has its pages."""

from pos.admin import locations, names, prices
from pos.cash import admin as cash
from pos.catalogue import admin as catalogue
from pos.exceptions import admin as exceptions
from pos.orders import admin as orders
from pos.parking import admin as parking
from pos.profile import admin as profile
from pos.quarantine import admin as quarantine
from pos.receipts import admin as receipts
from pos.refunds import admin as refunds
from pos.registers import admin as registers
from pos.reports import admin as reports
from pos.reports import home
from pos.returns import admin as returns
from pos.taxes import admin as taxes

__all__ = [
    "cash",
    "catalogue",
    "exceptions",
    "home",
    "locations",
    "names",
    "orders",
    "parking",
    "prices",
    "profile",
    "quarantine",
    "receipts",
    "refunds",
    "registers",
    "reports",
    "returns",
    "taxes",
]
