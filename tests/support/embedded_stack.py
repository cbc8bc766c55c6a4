"""A pytest plugin that brings a database and a broker of the tests' own before Django reads its settings.

Both are embedded and live under `var/test` (`$TILLFLOW_VAR/test`), beside a demo that may run. A `DATABASE_URL` in the
environment names a server, and a database on it that is never opened: tests work in the one named `test_…` beside it.
A `REDIS_URL` in the environment must name a database number that is empty. No other setting of this machine is used.
"""

import os

import pytest

from config.place import var, write_urls
from demo.stack.isolation import isolate_environment
from demo.stack.services import Services
from tests.support import isolation

GIVEN = frozenset(name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name))

isolation.own.starts = True
isolate_environment(var() / "test", keep=GIVEN)
isolation.lock_folder()
if "DATABASE_URL" in GIVEN:
    os.environ["DATABASE_URL"] = isolation.tests_database(os.environ["DATABASE_URL"])
if "REDIS_URL" in GIVEN:
    isolation.require_unused_broker(os.environ["REDIS_URL"])

services = Services(postgres_settings="fsync = off\nsynchronous_commit = off\n")
urls = services.start()
if "DATABASE_URL" not in GIVEN:
    urls["DATABASE_URL"] = isolation.tests_database(urls["DATABASE_URL"])
write_urls(urls)
os.environ.update(urls)
isolation.claim_broker(urls["REDIS_URL"])
isolation.stay_on_loopback(urls["REDIS_URL"])


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    isolation.own.starts = False
    isolation.watch_connections(database_given="DATABASE_URL" in GIVEN)


def pytest_unconfigure() -> None:
    isolation.leave_broker()
    services.stop()
