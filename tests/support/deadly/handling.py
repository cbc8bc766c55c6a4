"""What the deadly subscriber does: the name of the tenant in the event says which."""

import os
import signal
import subprocess
import sys
import time

from django.db import connection

from events.subscribing import Delivery
from pos.models import Location
from tenants.events import TenantSuspended

NAME = "tests.deadly"


def act(event: TenantSuspended, delivery: Delivery[TenantSuspended]) -> None:
    print("a handler may print what it likes")
    Location.objects.create(code=f"{delivery.attempt}", name=event.tenant_name, currency="EUR")
    globals()[event.tenant_name.replace(" ", "_")]()


def write() -> None:
    pass


def fail() -> None:
    raise ValueError("not yet")


def leave() -> None:
    os._exit(3)


def leave_in_peace() -> None:
    os._exit(0)


def crash() -> None:
    signal.raise_signal(signal.SIGSEGV)


def interrupt() -> None:
    raise KeyboardInterrupt


def eat() -> None:
    bytearray(64 * 1024**3)


def hang() -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(77.7)"])
    Location.objects.filter(code="MAIN").update(name="locked")
    time.sleep(60)


def hang_in_the_database() -> None:
    Location.objects.filter(code="MAIN").update(name="locked")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


def wait_for_a_row() -> None:
    Location.objects.filter(code="MAIN").update(name="locked")
