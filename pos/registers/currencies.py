"""The currency of a location, while a document is made that no document before it may have fixed."""

from django.db import connection  # noqa: TID251 - FOR SHARE

from pos.registers.models import Register


def fixed_currency(register: Register) -> str:
    """Return the currency of a register's location as it is now; it does not change until the transaction ends.

    A process remembers locations, and somebody may have changed the currency since. Once there is a shift, nobody can.
    Belongs before whatever else locks the register or its drawer.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT currency FROM pos_location WHERE id = %s FOR SHARE", [register.location_id])
        (currency,) = cursor.fetchone()
    return str(currency)
