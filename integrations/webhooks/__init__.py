"""Webhooks: what a tenant's endpoints are told, signed, in order for each aggregate, for three days."""
