"""Permissions at the till in plain words: what a role lets somebody do."""

from kernel.permissions import Permission

WORDS = {
    Permission.SELL: "Sell",
    Permission.DISCOUNT: "Give a discount",
    Permission.PRICE_OVERRIDE: "Sell at another price",
    Permission.RETURN_LINKED: "Take goods back with a receipt",
    Permission.RETURN_UNLINKED: "Take goods back without a receipt",
    Permission.VOID: "Cancel a sale before it is completed",
    Permission.NO_SALE: "Open the drawer without a sale",
    Permission.PAID_IN: "Put money into the drawer",
    Permission.PAID_OUT: "Pay something from the drawer",
    Permission.PICKUP: "Bring money from the drawer to the safe",
    Permission.OPEN_SHIFT: "Open a shift",
    Permission.CLOSE_SHIFT: "Count the drawer and close a shift",
    Permission.SEE_OVER_SHORT: "See what should be in the drawer, and what is missing",
    Permission.ADJUST_STOCK: "Correct the stock",
    Permission.RESOLVE_EXCEPTIONS: "Resolve exceptions, and decide on held sales",
    Permission.REPRINT: "Print a receipt again",
}


def in_words(permission: str) -> str:
    """Write a permission for people; one that a later release has named, as it is kept."""
    return WORDS[Permission(permission)] if permission in set(Permission) else permission.replace("_", " ")
