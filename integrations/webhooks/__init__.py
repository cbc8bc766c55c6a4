"""Webhooks: the events that a tenant's endpoints get, signed, in order for each aggregate, for three days."""
