"""Releases while shops sell: newer processes beside older ones, then the newer ones alone; or the older ones again."""

import time
from concurrent.futures import ThreadPoolExecutor

from demo.stack.processes import Program
from tests.faults.acts import Act
from tests.faults.declared import renamed_to
from tests.faults.stack import Stack, Web

HEADS = """
SELECT s.tenant_id, coalesce(
    (SELECT max(position) FROM events_event e WHERE e.tenant_id = s.tenant_id),
    (SELECT position FROM events_floor f WHERE f.tenant_id = s.tenant_id), 0
) FROM events_subscription s GROUP BY s.tenant_id
"""


def deploy(stack: Stack, seconds: float) -> None:
    """Release the next generation: a type is added, a subscriber comes, a version is raised, a subscriber is renamed."""
    _release(stack)
    older, newer = stack.webs[0], Web(f"web{stack.generation}")
    _start(stack, newer.program)
    stack.webs.append(newer)
    _replace(stack, stack.workers[1])
    stack.await_web()
    time.sleep(seconds)
    stack.webs.remove(older)
    with ThreadPoolExecutor() as pool:
        gone = pool.submit(stack.terminate, older.program)
        list(pool.map(lambda program: _replace(stack, program), (stack.workers[0], stack.backlog, stack.beat)))
        gone.result()


def roll_back(stack: Stack, seconds: float) -> None:
    """Let one worker run the next generation; then think better of it: the older code again, and what it lacks unbound."""
    _release(stack)
    _replace(stack, stack.workers[1])
    time.sleep(seconds)
    newer, older = renamed_to(stack.renamed), renamed_to(stack.renamed - 1)
    stack.generation -= 1
    stack.renamed -= 1
    _replace(stack, stack.workers[1])
    stack.manage("subscribe", "--unbind", "--rename", f"{newer}={older}")


def finish(stack: Stack) -> None:
    """Release again what was rolled back: until then its newer versions wait."""
    if stack.generation < stack.newest:
        deploy(stack, 0)


def _release(stack: Stack) -> None:
    """Run the release step of the next generation, and write down where each shop's log was when it was over."""
    stack.generation += 1
    stack.renamed += 1
    stack.newest = max(stack.newest, stack.generation)
    asked = time.time()
    stack.manage("subscribe")
    with stack.connect() as connection:
        heads = dict(connection.execute(HEADS).fetchall())
    said = {"generation": stack.generation, "renamed": stack.renamed, "heads": heads}
    stack.acts.write(Act(act="subscribe", asked=asked, answered=time.time(), status=200, **said))


def _replace(stack: Stack, program: Program) -> None:
    stack.terminate(program)
    _start(stack, program)


def _start(stack: Stack, program: Program) -> None:
    program.environment.update(stack.declaration)
    program.start()
