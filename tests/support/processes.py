"""Real web, worker and beat processes on the test database, with a broker of their own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from django.db import connection

from config.queues import ORDINARY
from demo.stack import programs
from demo.stack.broker import EmbeddedBroker, free_port
from demo.stack.processes import Program, Supervisor
from tests.support.waiting import wait_for


class Stack:
    def __init__(self, directory: Path) -> None:
        self.broker = EmbeddedBroker(directory / "broker")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {"DATABASE_URL": database_url(), "REDIS_URL": self.broker.start(), "LOG_LEVEL": "WARNING"}
        self.web, self.beat = programs.web(self.port, 1), programs.beat()
        self.worker = programs.worker(queues=ORDINARY)
        self.supervisor = Supervisor([self.web, self.worker, programs.backlog_worker(), self.beat])
        for program in self.supervisor.programs:
            program.environment.update(environment)

    def start(self) -> None:
        self.supervisor.start()
        wait_for(self._answers, seconds=60)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz?exclude=broker&exclude=events", timeout=2).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        for program in self.supervisor.programs:
            kill(program)
        self.broker.stop()


def kill(program: Program) -> None:
    """kill -9 of a program and all its children."""
    from demo.stack.processes import kill_tree

    if program.process is not None:
        kill_tree(program.process.pid)
        program.process.wait()


def database_url() -> str:
    settings = connection.settings_dict
    return f"postgresql://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}"


@contextmanager
def running(directory: Path) -> Iterator[Stack]:
    before = os.environ.get("TILLFLOW_VAR")
    os.environ["TILLFLOW_VAR"] = str(directory)
    stack = Stack(directory)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        if before:
            os.environ["TILLFLOW_VAR"] = before
