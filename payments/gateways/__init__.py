"""Card gateways: one interface, and its implementations."""
