"""The processes of a stack: started, kept alive, stopped by their own ids."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from config.place import ROOT, var

STOP_SECONDS = 30


@dataclass
class Program:
    """One program of the stack; its output goes to `var/log/NAME.log`."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return var() / "log" / f"{self.name}.log"

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **self.environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts programs, starts again what exits, and stops them all. What a killed supervisor left is stopped first."""

    def __init__(self, programs: list[Program]) -> None:
        self.programs = programs

    def start(self) -> None:
        self._stop_left_over()
        for program in self.programs:
            program.start()
        self._remember()

    def revive(self) -> list[str]:
        """Start again what has exited; return the names."""
        exited = [program for program in self.programs if not program.runs()]
        for program in exited:
            program.start()
        if exited:
            self._remember()
        return [program.name for program in exited]

    def replace(self, before: Program, after: Program) -> None:
        """Stop a program, and run another in its place."""
        if before.process is not None and before.runs():
            kill_tree(before.process.pid)
        self.programs[self.programs.index(before)] = after
        after.start()
        self._remember()

    def restart(self) -> None:
        """Stop all and start them again, with the environment as it is now."""
        self.stop()
        self.start()

    def stop(self) -> None:
        running = [program.process for program in self.programs if program.process and program.runs()]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                kill_tree(process.pid)
        self._pids_file.unlink(missing_ok=True)

    @property
    def _pids_file(self) -> Path:
        return var() / "processes.json"

    def _remember(self) -> None:
        started = {}
        for program in self.programs:
            if program.process and program.runs():
                started[program.process.pid] = psutil.Process(program.process.pid).create_time()
        self._pids_file.write_text(json.dumps(started))

    def _stop_left_over(self) -> None:
        try:
            remembered = json.loads(self._pids_file.read_text())
        except (OSError, ValueError):
            return
        for pid, created in remembered.items():
            try:
                ours = psutil.Process(int(pid)).create_time() == created
            except psutil.Error:
                continue
            if ours:
                kill_tree(int(pid))


def kill_tree(pid: int) -> None:
    try:
        parent = psutil.Process(pid)
        tree = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in tree:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(tree, timeout=10)
