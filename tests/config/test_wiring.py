"""The wiring: the guard for Celery's defect, kept connections, errors where no view answers."""

import gc
from types import SimpleNamespace

import celery
import pytest
import redis
from celery import signals
from celery.beat import PersistentScheduler, Scheduler
from django.db import connection
from django.test import Client, RequestFactory
from kombu.transport.redis import Channel
from kombu.utils.imports import symbol_by_name

from config.broker_guard import AFFECTED, guard_lost_client
from config.celery import app, keep_what_was_imported
from config.connections import KeepingWorkerFixup
from config.errors import internal_error
from demo.stack import programs
from tenants.models import Tenant


def test_a_channel_that_lost_its_client_raises_what_the_consumer_recovers_from() -> None:
    guard_lost_client(celery.__version__)

    with pytest.raises(redis.exceptions.ConnectionError):
        Channel._connparams(SimpleNamespace(connection=SimpleNamespace(client=None)))


def test_the_guard_is_for_one_version_and_can_go_when_celery_has_moved_on() -> None:
    assert celery.__version__.startswith(AFFECTED), "look whether the defect is still there, and delete the guard"


def test_a_task_keeps_the_connection_and_a_fork_drops_it(committed: Tenant) -> None:
    fixup = KeepingWorkerFixup(app)
    connection.ensure_connection()
    before = connection.connection

    fixup._close_database()
    kept = connection.connection
    fixup.on_worker_process_init()

    assert kept is before
    assert connection.connection not in (None, before), "a new one, before the first task"
    assert Tenant.objects.filter(pk=committed.pk).exists()
    del before, kept
    gc.collect()
    assert Tenant.objects.filter(pk=committed.pk).exists()


def test_issue10_a_worker_takes_what_was_imported_out_of_the_collection_before_each_fork() -> None:
    assert keep_what_was_imported in [receiver for _, receiver in signals.worker_init.receivers]
    followed = len(gc.get_objects())

    keep_what_was_imported()
    try:
        assert len(gc.get_objects()) < followed / 10
    finally:
        gc.unfreeze()


def test_the_fixup_is_ours() -> None:
    assert app.fixups == {"config.connections:keep_connections"}


def test_an_error_of_ours_is_a_problem_on_the_api_and_a_page_elsewhere(db: None, client: Client) -> None:
    on_api = internal_error(RequestFactory().post("/api/v1/orders"))
    on_page = internal_error(RequestFactory().get("/admin/"))

    assert (on_api.status_code, on_api["Content-Type"]) == (500, "application/problem+json")
    assert on_page.status_code == 500
    nowhere = client.get("/nowhere", headers={"Host": "north.localhost"})
    assert nowhere.status_code == 404
    assert nowhere["Content-Type"].startswith("text/html")


def test_f3_beat_starts_as_documented_with_a_schedule_in_memory() -> None:
    scheduler = symbol_by_name(app.conf.beat_scheduler)

    assert issubclass(scheduler, Scheduler)
    assert not issubclass(scheduler, PersistentScheduler)
    assert programs.beat().command[1:] == ["--app", "config.celery", "beat", "--loglevel", "WARNING"]
