"""Installations of older commits, brought to the newest code; each test has its copy to work with."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from events.tasks import look_after_tables
from kernel.tenancy import in_public_schema
from tests.support.database import create_beside, drop_beside, working_in
from tests.support.isolation import flush_broker
from tests.upgrade.restoring import DUMPS, SHOPS, Before, Upgraded, columns, contents, facts_of, grants, restore


@pytest.fixture(scope="session", params=sorted(dump.name for dump in DUMPS.iterdir()))
def migrated(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Before]:
    """Restore a dump once, and take the steps of a release: migrate, look after tables, subscribe."""
    with django_db_blocker.unblock():
        name = create_beside(request.param)
        with working_in(name):
            restore(request.param)
            found = columns()
            before = Before(request.param, found, contents(found), {shop: grants(shop) for shop in SHOPS})
            release()
    yield before
    with django_db_blocker.unblock():
        drop_beside(name)


def release() -> None:
    """What a deployment runs before new code serves."""
    call_command("migrate_schemas", verbosity=0)
    look_after_tables()
    call_command("subscribe", verbosity=0)


@pytest.fixture
def upgraded(migrated: Before, django_db_blocker: Any, settings: Any, tmp_path: Path) -> Iterator[Upgraded]:
    """Work in a copy of the migrated installation, with its secret key and its archives."""
    facts = facts_of(migrated.database)
    settings.SECRET_KEY = facts["secret_key"]
    settings.ARCHIVE_DIR = str(shutil.copytree(DUMPS / migrated.database / "archive", tmp_path / "archive"))
    with django_db_blocker.unblock():
        template = create_beside("template", template=f"{connection.settings_dict['NAME']}_{migrated.database}")
        try:
            with working_in(template), in_public_schema():
                yield Upgraded(facts, migrated)
        finally:
            drop_beside(template)
            flush_broker()
