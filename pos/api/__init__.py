"""How terminals reach the tills."""
