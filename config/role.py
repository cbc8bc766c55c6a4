"""A process that serves ends at its start when row-level security does not bind its database role."""

import sys

from django.db import OperationalError, connection

from kernel.tenancy import RoleNotBound


def refuse_unbound_role() -> None:
    """Connect once, and end the process with the reason when the connection is refused for its role.

    A database that is away is asked later: every new connection is asked again before its first statement.
    """
    try:
        connection.ensure_connection()
    except RoleNotBound as refusal:
        sys.stderr.write(f"{refusal}\n")
        raise SystemExit(1) from None
    except OperationalError:
        return
    connection.close()
