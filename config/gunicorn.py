"""How the web processes run: threads, loopback unless told otherwise."""

import os
import sys
from typing import Any

bind = os.environ.get("WEB_BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_PROCESSES", "2"))
threads = int(os.environ.get("WEB_THREADS", "16"))
timeout = 60
graceful_timeout = 20
keepalive = 5
accesslog = None

SWITCH_SECONDS = 0.0005
"""After how long a thread gives way to another. A request needs the interpreter again after each of its statements."""


def post_worker_init(_worker: Any) -> None:
    from config.presence import announce_service, follow_platform
    from config.telemetry import trace_to_collector

    sys.setswitchinterval(SWITCH_SECONDS)
    trace_to_collector("web")
    follow_platform()
    announce_service("web")
