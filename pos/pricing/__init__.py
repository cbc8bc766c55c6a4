"""Pricing: pure integer arithmetic, the same for quote, order, return, receipt and audit. It asks no database."""
