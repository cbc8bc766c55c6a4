"""A pytest plugin that starts PostgreSQL and the broker before Django reads its settings.

They live under `var/test`, beside a demo that may run. `DATABASE_URL` and `REDIS_URL`, where set, are used instead.
"""

import os

from config.stack.place import ROOT

os.environ.setdefault("TILLFLOW_VAR", str(ROOT / "var" / "test"))
os.environ["EMAIL_URL"] = "memorymail://"

from config.stack.services import Services

services = Services(postgres_settings="fsync = off\nsynchronous_commit = off\n")
os.environ.update(services.start())


def pytest_unconfigure() -> None:
    services.stop()
