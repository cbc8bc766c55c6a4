"""Subscribers of pos, by subject."""

from pos.subscribers import cash, catalogue, furnishing, orders, reports

__all__ = ["cash", "catalogue", "furnishing", "orders", "reports"]
