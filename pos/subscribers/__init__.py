"""Subscribers of pos, by subject."""

from pos.subscribers import catalogue, furnishing, orders

__all__ = ["catalogue", "furnishing", "orders"]
