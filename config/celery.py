"""The Celery application."""

import gc
import sys
from typing import Any

import celery
from celery import Celery, signals
from django.conf import settings
from kombu import Exchange, Queue

from config.broker_guard import guard_lost_client
from config.environment import setting
from config.queues import QUEUES
from config.startup import require_apps, require_servers, require_settings

require_settings()

VISIBILITY_SECONDS = 300


class TillflowCelery(Celery):
    builtin_fixups: Any = frozenset({"config.connections:keep_connections"})


app = TillflowCelery("tillflow", broker=settings.REDIS_URL)
app.conf.update(
    broker_transport_options={
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_restore_limit": 50,
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "global_keyprefix": setting("BROKER_PREFIX", default=""),
    },
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_channel_error_retry=True,
    broker_pool_limit=10,
    task_publish_retry=True,
    task_publish_retry_policy={"max_retries": 0},
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    task_default_queue="events",
    task_default_exchange="events",
    task_default_routing_key="events",
    task_create_missing_queues=False,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_track_started=True,
    task_ignore_result=False,
    task_time_limit=600,
    task_soft_time_limit=540,
    result_backend=None,
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=setting("WORKER_SOFT_SHUTDOWN_SECONDS", default=25.0),
    worker_enable_soft_shutdown_on_idle=True,
    worker_hijack_root_logger=False,
    worker_send_task_events=True,
    task_send_sent_event=False,
    accept_content=["json"],
    timezone="UTC",
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        "sweep": {"task": "events.sweep", "schedule": 2.0},
        "look after tables": {"task": "events.look_after_tables", "schedule": 60.0},
        "retain": {"task": "events.retain", "schedule": 3600.0},
        "check accounts": {"task": "events.check_accounts", "schedule": 30.0},
    },
)
guard_lost_client(celery.__version__)


@signals.import_modules.connect(weak=False)
def load_tasks(**_options: Any) -> None:
    """Make a worker, beat or Flower ready. Celery would log an exception here and go on: an exit ends the process."""
    require_servers()
    require_apps()
    from config.role import refuse_unbound_role

    refuse_unbound_role()
    register_tasks()
    if "flower" in sys.argv:
        from config.flower_guard import limit_sign_ins

        limit_sign_ins()


def register_tasks() -> None:
    """Import every app's tasks and give each subscriber its own. Needs the app registry."""
    from django.utils.module_loading import autodiscover_modules

    from events.tasks import register_drains

    autodiscover_modules("tasks")
    register_drains(app)


@signals.worker_ready.connect(weak=False)
def announce_worker(**_options: Any) -> None:
    from config.presence import prepare_worker

    prepare_worker()


@signals.worker_init.connect(weak=False)
def keep_what_was_imported(**_options: Any) -> None:
    """Take what was imported out of every garbage collection: it stays for the life of the process, and of its forks.

    The parent collects before each fork, and so hands nobody a task while it puts another child in a dead one's place.
    """
    gc.collect()
    gc.freeze()


@signals.worker_process_init.connect(weak=False)
def prepare_worker_process(**_options: Any) -> None:
    from config.telemetry import trace_to_collector

    trace_to_collector("worker")
    gc.freeze()


@signals.beat_init.connect(weak=False)
def announce_beat(**_options: Any) -> None:
    from config.presence import announce_service

    announce_service("beat")
