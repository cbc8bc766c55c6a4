"""How the web processes run: threads, loopback unless told otherwise."""

import os
from typing import Any

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 20
keepalive = 5
accesslog = None


def post_worker_init(_worker: Any) -> None:
    from config.presence import announce_service, follow_platform
    from config.telemetry import trace_to_collector

    trace_to_collector("web")
    follow_platform()
    announce_service("web")
