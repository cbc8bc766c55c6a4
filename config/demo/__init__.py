"""`make demo`: two shops that sell, from nothing to READY, on one command."""

from config.demo.credentials import Credentials, print_credentials

__all__ = ["Credentials", "print_credentials"]
