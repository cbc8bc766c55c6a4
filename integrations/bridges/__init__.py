"""Bridges: integration events, in order, to other systems' brokers; at least once, keyed by stream."""
