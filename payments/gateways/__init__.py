"""Card gateways: one interface, and what stands behind it."""
