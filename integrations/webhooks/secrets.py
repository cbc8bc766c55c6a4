"""Signing secrets, as Standard Webhooks has them (`whsec_…`)."""

import base64
import secrets

PREFIX = "whsec_"
BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()
