"""Steps of the demo: shown as they are done, waited for, and explained when they fail."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import requests
from rich.console import Console

from config.place import ROOT, var

PATIENCE_SECONDS = 60
T = TypeVar("T")
console = Console(highlight=False)


class DemoFailed(Exception):
    """A step of the demo did not work; `hint` is the one command that helps to find out why."""

    def __init__(self, message: str, hint: str = "make demo-check") -> None:
        super().__init__(message)
        self.hint = hint


def manage(*arguments: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode:
        message = f"manage.py {' '.join(arguments)}\n{result.stderr.strip()[-2000:]}"
        raise DemoFailed(message, hint=f".venv/bin/python manage.py {' '.join(arguments)}")
    return result.stdout


def step(title: str, action: Callable[[], T]) -> T:
    began = time.monotonic()
    with console.status(title):
        result = action()
    console.print(f"  [green]✓[/] {title} [dim]{time.monotonic() - began:.1f} s[/]")
    return result


def told(title: str, action: Callable[[], str]) -> None:
    """Do a step, and show what it says above it."""

    def act() -> None:
        console.print(f"      {action()}", markup=False)

    step(title, act)


def wait_until(what: str, ask: Callable[[], T | None], log: str) -> T:
    """Ask until there is an answer; what is refused or not yet there is asked for again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    reason = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except (requests.RequestException, DemoFailed, Exception) as error:
            reason = str(error)
        else:
            if answer:
                return answer
        time.sleep(0.2)
    message = f"waited {PATIENCE_SECONDS} s for {what}: {reason}\n{log_of(log)}"
    raise DemoFailed(message, hint=f"tail -50 {var() / 'log' / log}.log")


def log_of(name: str) -> str:
    """Return the end of a program's log, under its path."""
    file = var() / "log" / f"{name}.log"
    lines = file.read_text(errors="replace").splitlines()[-12:] if file.exists() else ["(it has written nothing)"]
    return "\n".join([f"--- the end of {file}", *lines])
