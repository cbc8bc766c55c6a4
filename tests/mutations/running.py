"""A pytest plugin: all tests once, to see which lines each of them reaches; then without one guard after another."""

import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import coverage
import pytest
from _pytest.runner import runtestprotocol

from config.place import ROOT
from tests.mutations.exchanging import taken_out
from tests.mutations.guards import Guard
from tests.mutations.spared import SPARED

MOST_SECONDS = 60
"""A test that takes longer without a guard has failed: it waits for what that guard would have refused."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """:param killer: the test that fails without the guard. :param reaching: how many tests reach it."""

    guard: Guard
    killer: str = ""
    reaching: int = 0
    spared: str = ""

    def __str__(self) -> str:
        where = f"{self.guard.name}  {self.guard.text}"
        if self.spared:
            return f"spared    {where}\n          {self.spared}"
        if self.killer:
            return f"killed    {where}\n          by {self.killer}"
        tests = f"none of the {self.reaching} tests that reach it" if self.reaching else "no test reaches it, so none"
        return f"SURVIVED  {where}\n          {tests} of {self.guard.app} fails without it"


class Mutations:
    """:param guards: to be taken out, one after another."""

    def __init__(self, guards: Sequence[Guard]) -> None:
        self.guards = guards
        self.verdicts: list[Verdict] = []
        self.broken: list[str] = []
        self._seconds: dict[str, float] = {}
        self._lines: dict[str, dict[str, set[int]]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        say = session.config.get_terminal_writer().line
        self._run_all(session.items)
        if not self.broken:
            for guard in self.guards:
                self.verdicts.append(self._judge(guard, session.items))
                say(str(self.verdicts[-1]), flush=True)
        session._setupstate.teardown_exact(None)
        return True

    def _run_all(self, items: Sequence[pytest.Item]) -> None:
        files = sorted({str(ROOT / guard.file) for guard in self.guards})
        measured = coverage.Coverage(data_file=None, config_file=False, include=files)
        measured.start()
        for item in items:
            measured.switch_context(item.nodeid)
            began = time.monotonic()
            self.broken += failures(item)
            self._seconds[item.nodeid] = time.monotonic() - began
        measured.stop()
        for file in files:
            lines = self._lines[file] = defaultdict(set)
            for line, tests in measured.get_data().contexts_by_lineno(file).items():
                for test in tests:
                    lines[test].add(line)

    def _judge(self, guard: Guard, items: Sequence[pytest.Item]) -> Verdict:
        spared = SPARED.get((guard.file, guard.text), "")
        if spared:
            return Verdict(guard=guard, spared=spared)
        reaching = self._reaching(guard, items)
        killer = next((item.nodeid for item in reaching if _kills(item, guard)), "")
        return Verdict(guard=guard, killer=killer, reaching=len(reaching))

    def _reaching(self, guard: Guard, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """Return the tests of the guard's app that reach it, first those that it stops most often from going on."""
        lines = self._lines[str(ROOT / guard.file)]
        own = [item for item in items if item.nodeid.startswith(f"tests/{guard.app}/")]
        reaching = [item for item in own if lines[item.nodeid] & set(guard.reached)]
        return sorted(
            reaching, key=lambda item: (len(lines[item.nodeid] & set(guard.after)), self._seconds[item.nodeid])
        )


def _kills(item: pytest.Item, guard: Guard) -> bool:
    """Say whether a test fails without the guard, and passes with it, also now that it runs once more."""
    with taken_out(guard):
        failed = failures(item)
    return bool(failed) and not failures(item)


def failures(item: pytest.Item) -> list[str]:
    """Run a test; return how its phases failed. Fixtures of its module and session stay for the next one."""
    with _alarm(MOST_SECONDS):
        reports = runtestprotocol(item, log=False, nextitem=item.session)  # type: ignore[arg-type]
    return [f"{report.nodeid} ({report.when})\n{report.longreprtext}" for report in reports if report.failed]


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        pytest.fail(f"took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
