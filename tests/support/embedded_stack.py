"""A pytest plugin that brings a database and a broker of the tests' own before Django reads its settings.

Both are embedded and live under `var/test` (`$TILLFLOW_VAR/test`), beside a demo that may run. A `DATABASE_URL` in the
environment names a server, and a database on it that is never opened: tests work in the one named `test_…` beside it.
A `REDIS_URL` in the environment must name a database number that is empty. No other setting of this machine is used.

With `-n 2` (pytest-xdist) each of two processes brings a stack (`var/gw0/test`), and the one that shares out the tests
brings none.
"""

import os
from collections.abc import Generator

import pytest

from config.place import var, write_urls
from demo.stack.isolation import isolate_environment
from demo.stack.services import Services
from tests.support import isolation

GIVEN = frozenset(name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name))
PROCESS = os.environ.pop("PYTEST_XDIST_WORKER", "")

servers: list[Services] = []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Bring them before pytest-django, which reads the settings in this hook."""
    if _shares_out(early_config):
        _require_no_server_is_given()
        isolate_environment(var())
    else:
        _bring()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    isolation.own.starts = False
    if not _shares_out(config):
        isolation.watch_connections(database_given="DATABASE_URL" in GIVEN)


def pytest_unconfigure() -> None:
    for services in servers:
        isolation.leave_broker()
        services.stop()


def _shares_out(config: pytest.Config) -> bool:
    return not PROCESS and bool(getattr(config.known_args_namespace, "numprocesses", None))


def _require_no_server_is_given() -> None:
    if GIVEN:
        isolation.refuse(f"several processes would share what {' and '.join(sorted(GIVEN))} names; run them with -n 0")


def _bring() -> None:
    isolate_environment(var() / PROCESS / "test", keep=GIVEN)
    isolation.lock_folder()
    if "DATABASE_URL" in GIVEN:
        os.environ["DATABASE_URL"] = isolation.tests_database(os.environ["DATABASE_URL"])
    if "REDIS_URL" in GIVEN:
        isolation.require_unused_broker(os.environ["REDIS_URL"])
    services = Services(postgres_settings="fsync = off\nsynchronous_commit = off\n")
    servers.append(services)
    urls = services.start()
    if "DATABASE_URL" not in GIVEN:
        urls["DATABASE_URL"] = isolation.tests_database(urls["DATABASE_URL"])
    write_urls(urls)
    os.environ.update(urls)
    isolation.claim_broker(urls["REDIS_URL"])
    isolation.stay_on_loopback(urls["REDIS_URL"])


isolation.own.starts = True
