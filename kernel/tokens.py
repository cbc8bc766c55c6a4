"""Tokens of terminals and keys of integrators: random, kept as hashes, and renewed while the one before still works."""

import hashlib
import secrets
from datetime import timedelta

from kernel.tenancy import current_tenant

OVERLAP = timedelta(days=1)
"""How long the token before a renewed one stays valid."""


def new_token(prefix: str) -> str:
    """Make a token of the current tenant: `<prefix>.<tenant>.<secret>`. The secret is 256 random bits."""
    return f"{prefix}.{current_tenant()}.{secrets.token_urlsafe(32)}"


def hash_of(token: str) -> str:
    """Hash a token. It is 256 random bits, so a plain hash cannot be searched back."""
    return hashlib.sha256(token.encode()).hexdigest()
