"""The programs of the demo that listen on a port: each is proven to be what answers there."""

import base64
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

from demo.stack.broker import free_port, port_is_free
from demo.stack.processes import Program, Supervisor
from demo.steps import PATIENCE_SECONDS, DemoFailed, log_of

MOST_MOVES = 3
"""How often a program is given another port before its log is shown instead."""
LARGEST_PORT = 65535


@dataclass
class Listener:
    """A program that listens on a port of this machine.

    :param variable: names the environment variable that fixes the port. :param preferred: which it takes otherwise.
    :param make: the program that listens on a port.
    :param is_ours: whether what answers at a port was started by this demo; RequestException while nothing answers.
    """

    name: str
    variable: str
    preferred: int
    make: Callable[[int], Program]
    is_ours: Callable[[int], bool]

    def __post_init__(self) -> None:
        self.fixed = _fixed_port(self.variable)
        self.port = self.fixed or (self.preferred if port_is_free(self.preferred) else free_port())
        if self.fixed and not port_is_free(self.fixed):
            raise DemoFailed(self._taken())
        self.program = self.make(self.port)

    def prove(self, supervisor: Supervisor) -> bool:
        """Wait until it answers at its port; give it another where somebody else does. Return whether it moved.

        :raises DemoFailed: when it does not answer, or its port was asked for and is another's.
        """
        moves, deadline = 0, time.monotonic() + PATIENCE_SECONDS
        while (ours := self._asked()) is not True:
            if ours is False or not self.program.runs():
                if self.fixed and ours is False:
                    raise DemoFailed(self._taken())
                if self.fixed or moves == MOST_MOVES:
                    message = f"{self.name} does not stay up at port {self.port}\n{log_of(self.name)}"
                    raise DemoFailed(message, hint=f"tail -50 {self.program.log}")
                self._move(supervisor)
                moves += 1
            if time.monotonic() > deadline:
                message = f"waited {PATIENCE_SECONDS} s for {self.name}\n{log_of(self.name)}"
                raise DemoFailed(message, hint=f"tail -50 {self.program.log}")
            time.sleep(0.2)
        return moves > 0

    def _asked(self) -> bool | None:
        try:
            return self.is_ours(self.port)
        except requests.RequestException:
            return None

    def _move(self, supervisor: Supervisor) -> None:
        self.port, before = free_port(), self.program
        self.program = self.make(self.port)
        supervisor.replace(before, self.program)

    def _taken(self) -> str:
        return f"port {self.port} is another program's: stop it, or give {self.variable} another port or none"


def web_is_ours(port: int, instance: str) -> bool:
    """Say whether the web processes at a port are those that were started with this INSTANCE."""
    answer = requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5, allow_redirects=False)
    return answer.headers.get("Tillflow-Instance") == instance


def flower_is_ours(port: int, password: str) -> bool:
    """Say whether the Flower at a port takes this demo's password."""
    login = base64.b64encode(f"admin:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}"}
    return requests.get(f"http://127.0.0.1:{port}/api/task/types", headers=headers, timeout=5).ok


def _fixed_port(variable: str) -> int | None:
    typed = os.environ.get(variable, "")
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and 0 < int(typed) <= LARGEST_PORT):
        message = f"{variable} is {typed!r}, and a port is a number from 1 to {LARGEST_PORT}"
        raise DemoFailed(message, hint=f"unset {variable}")
    return int(typed)
