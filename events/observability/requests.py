"""Requests: how a worker's parent shows a round to those who watch, Flower among them.

A round is one task. Each of its drains is shown as the task that it would be alone: under the subscriber's name, with
its tenant, what it handled and how long that took, or the error that has ended it. This is told by the worker's own
dispatcher, where task events are on, when the round has succeeded.
"""

import time
from ast import literal_eval
from typing import Any, ClassVar
from uuid import uuid4

from celery.worker.request import Request


class RoundRequest(Request):
    LONGEST_RESULT: ClassVar = 64 * 1024
    """Characters of the text in which the process of a round answers its parent."""

    _eventer: Any

    def send_event(self, type: str, **fields: Any) -> None:
        if type == "task-succeeded" and self._eventer is not None and self._eventer.enabled:
            self._show(fields["result"])
        super().send_event(type, **fields)

    def _show(self, result: str) -> None:
        try:
            told = literal_eval(result)
        except (SyntaxError, ValueError):  # cut off: it was too long
            return
        for name, handled, seconds, failed in told["drained"]:
            self._show_drain(name, told["tenant"], handled, seconds, failed)

    def _show_drain(self, name: str, tenant: str, handled: int, seconds: float, failed: str) -> None:
        now = time.time()
        uuid, keywords = str(uuid4()), repr({"tenant": tenant})
        received = {
            "name": name,
            "args": "()",
            "kwargs": keywords,
            "root_id": self.id,
            "parent_id": self.id,
            "retries": 0,
        }
        self._eventer.send("task-received", uuid=uuid, timestamp=now - seconds, **received)
        self._eventer.send("task-started", uuid=uuid, timestamp=now - seconds)
        if failed:
            self._eventer.send("task-failed", uuid=uuid, timestamp=now, exception=failed, traceback="")
        else:
            answer = repr({"tenant": tenant, "handled": handled})
            self._eventer.send("task-succeeded", uuid=uuid, timestamp=now, result=answer, runtime=seconds)
