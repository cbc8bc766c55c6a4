"""The stockroom in the admin of a shop."""

from inventory.admin import home, items

__all__ = ["home", "items"]
