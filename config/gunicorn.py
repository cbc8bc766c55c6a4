"""How the web processes run: threads, and loopback unless WEB_BIND names another address."""

import subprocess
import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.environment import setting

try:
    bind = setting("WEB_BIND", default="127.0.0.1:8000")
    workers = setting("WEB_PROCESSES", default=2)
    threads = setting("WEB_THREADS", default=16)
except ImproperlyConfigured as error:
    sys.exit(f"the settings are wrong: {error}")
worker_class = "gthread"
timeout = 60
graceful_timeout = 20
keepalive = 5
limit_request_line = 8190
accesslog = None

SWITCH_SECONDS = 0.0005
"""After how long a thread gives way to another. A request needs the interpreter again after each of its statements."""


def on_starting(_server: Any) -> None:
    """Ask in another process what a web process would fail of: a reload reads everything again."""
    if subprocess.run([sys.executable, "-W", "ignore", "-m", "config.startup"], check=False).returncode:
        sys.exit(1)


def post_worker_init(_worker: Any) -> None:
    from config.presence import announce_service, follow_platform
    from config.telemetry import trace_to_collector

    sys.setswitchinterval(SWITCH_SECONDS)
    trace_to_collector("web")
    follow_platform()
    announce_service("web")
