"""Signing secrets, as Standard Webhooks has them (`whsec_…`), sealed before they are stored."""

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PREFIX = "whsec_"
BYTES = 32


class SecretUnreadable(Exception):
    """A stored secret was sealed with a key that this deployment has no more: rotate it."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def sealed(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def unsealed(token: str) -> str:
    """:raises SecretUnreadable: when it was sealed with another key than this deployment's and their fallbacks."""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable from None


def _fernet() -> MultiFernet:
    return MultiFernet([_fernet_of(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet_of(secret_key: str) -> Fernet:
    key = hashlib.sha256(b"tillflow webhook secrets" + secret_key.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
