"""How long texts may be, in characters, and how large a request: one rule for columns, the API and the admin.

A column that is written from another one is at least as wide (`tests/kernel/test_texts.py` holds all of them
against one another).
"""

from decimal import Decimal

NAME = 200
"""Of a product, a variant, a location, a device."""
TITLE = NAME + 1 + NAME
"""Of a variant: its product's name, a blank, its own."""
CODE = 64
"""A SKU or a barcode."""
SHORT_CODE = 20
"""Of a location, a register, a tender type."""
SERIES = SHORT_CODE + 10
"""Of receipt numbers: a register's code, and what tells it from a series that was given before."""
RECEIPT = SERIES + 21
"""Of a receipt's number as it is printed, with its series."""
LARGEST_NUMBER = 10**18
"""Of a document of a register."""
ADDRESS = 500
PRINTED = 1000
"""What a receipt shows above and below."""
TAX_NAME = 100
REFERENCE = 100
"""What another system calls a payment."""
REASON = 200
LONG_REASON = 500
NOTE = 500
MAIL_ADDRESS = 254
"""RFC 5321, with the angle brackets that a path has."""
URL = 2000
TYPE_NAME = 200
"""Of an event type, a subscriber, a kind of call."""
LARGEST_QUANTITY = Decimal(10**8)
"""Of one line. Such a column has `QUANTITY_DIGITS`, three of them decimals."""
QUANTITY_DIGITS = 14
MOST_GOODS = Decimal(10**9)
"""What the quantities of one order, return or stock document come to, whatever their signs."""
STOCK_DIGITS = 28
"""Of a sum of movements, three of them decimals: 10^16 documents of `MOST_GOODS` fit, which a shop that posts a
million of them a second reaches in 300 years. Arithmetic of Python's decimals is exact to as many digits."""
LARGEST_AMOUNT = 10**12
"""Minor units: of a price, a tender, and of all lines of an order or a return together. Whatever else is paid, given
as change or refunded for these is at most as much, so it fits a bigint, and a number of JSON exactly."""
PRICE_DECIMALS = 6
"""Of a minor unit: of the price of one unit, that of a litre for instance."""
PRICE_DIGITS = 19
MOST_LINES = 1000
"""Of an order, a return or a stock document."""
MOST_LINES_ON_PAGE = 2 * MOST_LINES
"""Of all orders on a page, unless a single one has more."""
MOST_TENDERS = 20
MOST_DISCOUNTS = 20
"""Of a line, and of an order."""
MOST_TAXES = 10
"""Of a line."""
MOST_BARCODES = 100
MOST_TYPES = 200
LARGEST_BODY = 8 * 1024 * 1024
"""Bytes. An order with as many lines as it may have, each as long as it may be and every character of it written as
an escaped surrogate pair, fits."""
