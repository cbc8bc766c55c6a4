"""Errors as the database layer raises them: with the driver's error, and its SQLSTATE, beneath."""

import psycopg
from django.db import OperationalError


def with_state(state: str) -> psycopg.Error:
    """Make the driver's error for a SQLSTATE."""
    return psycopg.errors.lookup(state)("said the server")


def outage(state: str = "57P01") -> OperationalError:
    """Make what a statement raises when the server is being shut down, or fails for another reason."""
    error = OperationalError("said the server")
    error.__cause__ = with_state(state)
    return error
