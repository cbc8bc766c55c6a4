"""What strikes: each fault by its name, on processes that the harness started, by their ids."""

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from uuid import uuid4

import psutil
import psycopg
import redis

from config.queues import QUEUES
from demo.stack.processes import Program, kill_tree
from tests.faults import life, months, releases
from tests.faults.operators import Operators
from tests.faults.schedule import Round
from tests.faults.stack import SHOPS, Stack

BEAT = 0.02


def strike(stack: Stack, planned: Round) -> None:
    """Let the round's fault happen, for as long as it lasts. What died stays dead until the stack is healed."""
    strikes: dict[str, Callable[[], None]] = {
        "kill web": lambda: _kill(stack.webs[0].program),
        "kill worker parent": lambda: _kill_parent(random.choice(stack.workers)),
        "kill pool child": lambda: _kill_children(stack, random),
        "kill both workers": lambda: [_kill(worker) for worker in stack.workers] and None,
        "kill beat": lambda: _kill(stack.beat),
        "kill broker": lambda: _kill_pid(stack.broker.pid()),
        "kill postmaster": lambda: _kill_pid(stack.postgres.pid()),
        "kill everything": lambda: _kill_everything(stack),
        "flush broker": lambda: stack.redis().flushall() and None,
        "freeze broker": lambda: _freeze(stack, planned.lasts),
        "drop doorbells": lambda: _meddle(stack, planned.lasts, _drop),
        "repeat doorbells": lambda: _meddle(stack, planned.lasts, _repeat),
        "delay doorbells": lambda: _delay(stack, planned.lasts),
        "hold transaction": lambda: _hold(stack, planned.lasts, "SELECT pg_current_xact_id()"),
        "hold register": lambda: _hold(
            stack, planned.lasts, f"SELECT 1 FROM {random.choice(SHOPS)}.pos_register FOR NO KEY UPDATE"
        ),
        "cut connections": lambda: _cut(stack),
        "terminate web": lambda: stack.terminate(stack.webs[0].program),
        "terminate worker": lambda: stack.terminate(random.choice(stack.workers)),
        "terminate all": lambda: _terminate_all(stack),
        "operators": lambda: Operators(stack).work(planned.lasts, random),
        "slow handlers": lambda: life.slow_down(stack),
        "retain a month": lambda: months.retain(stack, random),
        "deploy": lambda: releases.deploy(stack, planned.lasts),
        "roll back": lambda: releases.roll_back(stack, planned.lasts),
        "suspend a shop": lambda: life.suspend(stack, random.choice(stack.shops), planned.lasts),
        "open a shop": lambda: life.open_guest(stack, planned.number),
        "close a shop": lambda: life.close_guest(stack, planned.number),
        "nothing": lambda: None,
    }
    random = Random(planned.seed)
    strikes[planned.fault]()


def _kill(program: Program) -> None:
    if program.process is not None:
        kill_tree(program.process.pid)
        program.process.wait()


def _terminate_all(stack: Stack) -> None:
    """Stop everything at once, as a machine that is shut down does."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(stack.terminate, stack.programs))


def _kill_parent(program: Program) -> None:
    if program.process is not None and program.runs():
        program.process.kill()
        program.process.wait()


def _kill_children(stack: Stack, random: Random) -> None:
    for worker in stack.workers:
        with suppress(psutil.Error):
            children = psutil.Process(worker.process.pid).children() if worker.process else []
            if children:
                random.choice(children).kill()


def _kill_pid(pid: int | None) -> None:
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        with suppress(psutil.Error):
            psutil.Process(pid).wait(5)


def _kill_everything(stack: Stack) -> None:
    for program in stack.programs:
        _kill(program)
    _kill_pid(stack.broker.pid())
    _kill_pid(stack.postgres.pid())


def _freeze(stack: Stack, seconds: float) -> None:
    pid = stack.broker.pid()
    if pid is None:
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def _meddle(stack: Stack, seconds: float, meddling: Callable[[redis.Redis, set[bytes]], None]) -> None:
    seen: set[bytes] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(redis.RedisError):
            meddling(stack.redis(), seen)
        time.sleep(BEAT)


def _drop(client: redis.Redis, _seen: set[bytes]) -> None:
    client.delete(*QUEUES)


def _repeat(client: redis.Redis, seen: set[bytes]) -> None:
    """Put two copies of every waiting message beside it."""
    for queue in QUEUES:
        for raw in client.lrange(queue, 0, -1):
            if raw in seen:
                continue
            seen.add(raw)
            message = json.loads(raw)
            for _ in range(2):
                message["properties"]["delivery_tag"] = str(uuid4())
                copy = json.dumps(message).encode()
                seen.add(copy)
                client.lpush(queue, copy)


def _delay(stack: Stack, seconds: float) -> None:
    """Take what waits out of the queues, and put it back, the other way round, when the time is over."""
    held: list[tuple[str, bytes]] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for queue in QUEUES:
            while (raw := stack.redis().rpop(queue)) is not None:
                held.append((queue, raw))
        time.sleep(BEAT)
    for queue, raw in reversed(held):
        stack.redis().lpush(queue, raw)


def _hold(stack: Stack, seconds: float, statement: str) -> None:
    with psycopg.connect(stack.postgres.url("postgres", "tillflow")) as connection:
        connection.execute(statement)
        time.sleep(seconds)
        connection.rollback()


def _cut(stack: Stack) -> None:
    with stack.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tillflow'")
