"""Processes that take turns at every statement, as a seeded scheduler says, on a virtual clock."""

from collections.abc import Callable
from random import Random

from django.db import OperationalError
from greenlet import getcurrent, greenlet
from psycopg.errors import AdminShutdown

STEP_SECONDS = 0.002


class Killed(BaseException):
    """kill -9: the process does nothing more."""


class Process:
    def __init__(self, world: "World", name: str, work: Callable[[], None]) -> None:
        self.world, self.name = world, name
        self.dead = False
        self.disconnected = False
        self.ready_at = world.now
        self.waits_for: Callable[[], bool] | None = None
        self.waits_until = float("inf")
        self.greenlet = greenlet(lambda: self._run(work), parent=world.scheduler)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Killed:
            pass
        finally:
            self.dead = True

    def kill(self) -> None:
        """Let nothing of it run any more: what its code would still do on the way out is refused."""
        self.dead = True
        self.world.victims.append(self)


class World:
    """:param now: seconds since the beginning. :param steps: how many statements have run."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 0.0
        self.steps = 0
        self.processes: list[Process] = []
        self.victims: list[Process] = []
        self.at_step: Callable[[], None] | None = None
        self.next_moment: Callable[[], float] = lambda: float("inf")
        self.scheduler = getcurrent()

    def spawn(self, name: str, work: Callable[[], None], *, after: float = 0.0) -> Process:
        process = Process(self, name, work)
        process.ready_at = self.now + after
        process.greenlet.process = process
        self.processes.append(process)
        return process

    @property
    def current(self) -> Process:
        return getcurrent().process

    def step(self) -> None:
        """Let any other process run before the next statement.

        :raises Killed: when this process was killed.
        :raises OperationalError: when its database connection was cut.
        """
        process = self.current
        if process.dead:
            raise Killed
        self.scheduler.switch()
        if process.dead:
            raise Killed
        if process.disconnected:
            process.disconnected = False
            raise OperationalError("server closed the connection unexpectedly") from AdminShutdown()

    def sleep(self, seconds: float) -> None:
        self.current.ready_at = self.now + seconds
        self.step()

    def wait(self, condition: Callable[[], bool], *, until: float = float("inf")) -> None:
        """Stand still until a condition holds, or a moment has come; a lock, a message."""
        process = self.current
        process.waits_for, process.waits_until = condition, until
        try:
            self.step()
        finally:
            process.waits_for, process.waits_until = None, float("inf")

    def run(self, *, until: float, done: Callable[[], bool] | None = None) -> None:
        """Run until the time has come, all is done, or nothing can happen any more."""
        while self.now < until:
            if self.victims:
                self.bury()
            now = self.now
            able = [
                p
                for p in self.processes
                if p.ready_at <= now and (p.waits_for is None or now >= p.waits_until or p.waits_for())
            ]
            if not able:
                moments = [at for p in self.processes for at in (p.ready_at, p.waits_until) if at > self.now]
                moment = min([*moments, *(at for at in [self.next_moment()] if at > self.now)], default=float("inf"))
                if moment == float("inf") or (done is not None and done()):
                    return
                self.now = max(self.now, moment)
                continue
            process = able[self.random.randrange(len(able))] if len(able) > 1 else able[0]
            self.steps += 1
            self.now += STEP_SECONDS * self.random.random()
            process.greenlet.switch()
            if self.at_step is not None:
                self.at_step()
            if process.dead:
                self.bury()

    def end(self) -> None:
        """Kill whatever is left: a suspended greenlet would keep all that it knows in memory."""
        for process in self.processes:
            process.kill()
        self.bury()

    def bury(self) -> None:
        """Unwind what was killed, and forget what has ended."""
        for victim in self.victims:
            if victim.greenlet and not victim.greenlet.dead:
                victim.greenlet.throw(Killed)
        self.victims.clear()
        self.processes = [process for process in self.processes if not process.dead]
