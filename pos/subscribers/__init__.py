"""Subscribers of pos, by subject."""

from pos.subscribers import catalogue, furnishing, orders, reports

__all__ = ["catalogue", "furnishing", "orders", "reports"]
