"""Secrets at rest: sealed with the deployment's key before they are stored."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SecretUnreadable(Exception):
    """A stored secret was sealed with a key that this deployment has no more: rotate it."""


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
